//! Upstream files: fetched once, and taken only if they are what the add-on names.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kedge_addons::{Addon, sha256};

/// The most bytes that an upstream file may have; those of the table are below half a megabyte.
pub const MOST_BYTES: usize = 4 << 20;
/// How long fetching a file may take.
const DEADLINE: Duration = Duration::from_secs(60);
/// How often a file that did not come is asked for.
const TRIES: u32 = 3;
/// How many redirections are followed.
const REDIRECTIONS: u32 = 5;

/// Where upstream files come from.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// The bytes of a file, [`MOST_BYTES`] at the most.
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError>;
}

/// Why a file is not there.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It is another file.
    #[error("{url} has the SHA-256 {found} and not {wanted}; do not use it before you know why")]
    OtherFile {
        /// Where it is.
        url: String,
        /// What it should have.
        wanted: String,
        /// What it has.
        found: String,
    },
    /// It is larger than any such file.
    #[error("{url} has more than {MOST_BYTES} bytes")]
    TooLarge {
        /// Where it is.
        url: String,
    },
    /// It is no text.
    #[error("{url} is no text in UTF-8")]
    NoText {
        /// Where it is.
        url: String,
    },
    /// The server has another answer than the file.
    #[error("{url} answers {status}; whoever applies needs that address, or the file in the store")]
    Status {
        /// Where it is.
        url: String,
        /// What the server answers.
        status: u16,
    },
    /// It cannot be reached.
    #[error("{url} cannot be reached; whoever applies needs that address, or the file in the store")]
    Unreachable {
        /// Where it is.
        url: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The upstream files of add-ons under their SHA-256, without those that are there already.
///
/// # Errors
/// A file cannot be had, or is another one.
pub async fn upstream_files(
    addons: &[Addon],
    there: &BTreeMap<String, String>,
    fetch: &dyn Fetch,
) -> Result<BTreeMap<String, String>, FetchError> {
    let mut files = BTreeMap::new();
    for file in addons.iter().flat_map(|addon| &addon.upstream) {
        if there.contains_key(&file.sha256) || files.contains_key(&file.sha256) {
            continue;
        }
        let url = || file.url.clone();
        let bytes = fetch.fetch(&file.url).await?;
        if bytes.len() > MOST_BYTES {
            return Err(FetchError::TooLarge { url: url() });
        }
        let found = sha256(&bytes);
        if found != file.sha256 {
            return Err(FetchError::OtherFile { url: url(), wanted: file.sha256.clone(), found });
        }
        let text = String::from_utf8(bytes).map_err(|_| FetchError::NoText { url: url() })?;
        files.insert(found, text);
    }
    Ok(files)
}

/// Files by HTTPS.
#[derive(Debug)]
pub struct Https {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Https {
    /// A client that trusts the authorities of the host.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn new() -> std::io::Result<Self> {
        let provider = rustls::crypto::ring::default_provider();
        let connector = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider)?;
        let connector = connector.https_only().enable_http1().build();
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let unreachable =
            |source: Box<dyn std::error::Error + Send + Sync>| FetchError::Unreachable { url: url.to_owned(), source };
        let mut at: Uri = url.parse().map_err(|error: hyper::http::uri::InvalidUri| unreachable(Box::new(error)))?;
        for _ in 0..REDIRECTIONS {
            let request = Request::get(at.clone()).header("user-agent", "kedge").body(Empty::new());
            let request = request.map_err(|error| unreachable(Box::new(error)))?;
            let answer = self.client.request(request).await.map_err(|error| unreachable(Box::new(error)))?;
            let status = answer.status();
            if status.is_redirection() {
                let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
                // Only to whole addresses: files of this kind stand nowhere else.
                if let Some(Ok(next)) = location.map(str::parse) {
                    at = next;
                    continue;
                }
            }
            if status != StatusCode::OK {
                return Err(FetchError::Status { url: url.to_owned(), status: status.as_u16() });
            }
            let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
            return match body {
                Ok(body) => Ok(body.to_bytes().to_vec()),
                Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                    Err(FetchError::TooLarge { url: url.to_owned() })
                }
                Err(error) => Err(unreachable(error)),
            };
        }
        Err(FetchError::Status { url: url.to_owned(), status: StatusCode::LOOP_DETECTED.as_u16() })
    }
}

#[async_trait]
impl Fetch for Https {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let mut pause = Duration::from_millis(500);
        for _ in 1..TRIES {
            match tokio::time::timeout(DEADLINE, self.get(url)).await {
                Ok(Err(FetchError::Unreachable { .. })) | Err(_) => {}
                Ok(Err(FetchError::Status { status, .. })) if status >= 500 || status == 429 => {}
                Ok(done) => return done,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        match tokio::time::timeout(DEADLINE, self.get(url)).await {
            Ok(done) => done,
            Err(late) => Err(FetchError::Unreachable { url: url.to_owned(), source: Box::new(late) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use kedge_addons::{UpstreamFile, Wave};

    use super::*;

    /// Files that are there.
    struct Shelf(BTreeMap<String, Vec<u8>>);

    #[async_trait]
    impl Fetch for Shelf {
        async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
            self.0.get(url).cloned().ok_or_else(|| FetchError::Status { url: url.to_owned(), status: 404 })
        }
    }

    fn addon(sha256: String) -> Addon {
        Addon {
            format_version: 1,
            name: "a".to_owned(),
            version: "1".to_owned(),
            wave: Wave::User,
            namespace: None,
            upstream: vec![UpstreamFile { url: "https://example.com/a".to_owned(), sha256 }],
            patches: Vec::new(),
            objects: Vec::new(),
            registry: None,
            certificates: Vec::new(),
        }
    }

    #[tokio::test]
    async fn only_the_file_that_is_named_is_taken() {
        let shelf = |bytes: &[u8]| Shelf([("https://example.com/a".to_owned(), bytes.to_vec())].into());
        let wanted = sha256(b"a: 1\n");
        let addons = [addon(wanted.clone())];
        let files = upstream_files(&addons, &BTreeMap::new(), &shelf(b"a: 1\n")).await.unwrap();
        assert_eq!(files, [(wanted.clone(), "a: 1\n".to_owned())].into());
        // What is there is not fetched again.
        assert_eq!(upstream_files(&addons, &files, &Shelf(BTreeMap::new())).await.unwrap(), BTreeMap::new());
        let error = upstream_files(&addons, &BTreeMap::new(), &shelf(b"a: 2\n")).await.unwrap_err().to_string();
        assert!(error.contains(&wanted) && error.contains(&sha256(b"a: 2\n")), "{error}");
        let large = vec![b' '; MOST_BYTES + 1];
        let error = upstream_files(&addons, &BTreeMap::new(), &shelf(&large)).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { .. }));
        let addons = [addon(sha256(b"\xff"))];
        let error = upstream_files(&addons, &BTreeMap::new(), &shelf(b"\xff")).await.unwrap_err();
        assert!(matches!(error, FetchError::NoText { .. }));
        let error = upstream_files(&addons, &BTreeMap::new(), &Shelf(BTreeMap::new())).await.unwrap_err();
        assert!(error.to_string().contains("answers 404"));
    }
}
