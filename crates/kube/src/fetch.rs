//! Upstream files: fetched once, and taken only if they are what the add-on names.

use std::collections::BTreeMap;

use async_trait::async_trait;
use kedge_addons::{Addon, sha256};

/// The most bytes that an upstream file may have; those of the table are below half a megabyte.
pub const MOST_BYTES: usize = 4 << 20;

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

#[cfg(test)]
mod tests {
    use kedge_addons::{UpstreamFile, Wave};

    use super::*;

    /// Files that are there.
    struct Shelf(BTreeMap<String, Vec<u8>>);

    #[async_trait]
    impl Fetch for Shelf {
        async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
            self.0
                .get(url)
                .cloned()
                .ok_or_else(|| FetchError::Unreachable { url: url.to_owned(), source: "it is not there".into() })
        }
    }

    fn addon(sha256: String) -> Addon {
        Addon {
            format_version: 1,
            name: "a".to_owned(),
            version: "1".to_owned(),
            wave: Wave::User,
            kubernetes: None,
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
        assert!(error.to_string().contains("cannot be reached"));
    }
}
