//! The instance metadata service, version 2: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>.
//!
//! A few bytes of HTTP without TLS, redirects or proxies, so that no client is needed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::error::PortError;
use crate::ports::Metadata;

/// Where it is: the address of IPv4 is always there, unless the instance was launched with that of IPv6 alone.
const ADDRESSES: [&str; 2] = ["169.254.169.254:80", "[fd00:ec2::254]:80"];
/// How long one question may take.
const TIME: Duration = Duration::from_secs(5);
/// Most bytes of an answer.
const MOST: u64 = 64 * 1024;

/// The instance metadata service.
#[derive(Debug)]
pub struct Imds {
    addresses: Vec<String>,
    /// The address that answered, with the token that it gave.
    session: Mutex<Option<Session>>,
}

#[derive(Clone, Debug)]
struct Session {
    address: String,
    token: String,
}

struct Answer {
    code: u16,
    body: String,
}

impl Default for Imds {
    fn default() -> Self {
        Self { addresses: ADDRESSES.map(str::to_owned).into(), session: Mutex::default() }
    }
}

impl Imds {
    /// One that is somewhere else: `host:port`.
    #[must_use]
    pub fn at(address: &str) -> Self {
        Self { addresses: vec![address.to_owned()], session: Mutex::default() }
    }

    fn session(&self) -> Option<Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, session: Option<Session>) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = session;
    }

    async fn begin(&self) -> Result<Session, PortError> {
        let mut failures = Vec::new();
        for address in &self.addresses {
            let header = ("X-aws-ec2-metadata-token-ttl-seconds", "21600");
            match ask(address, "PUT", "/latest/api/token", header).await {
                Ok(Answer { code: 200, body }) => {
                    let session = Session { address: address.clone(), token: body.trim().to_owned() };
                    self.remember(Some(session.clone()));
                    return Ok(session);
                }
                Ok(Answer { code, .. }) => failures.push(format!("{address} gives no token, but the status {code}")),
                Err(why) => failures.push(format!("{address}: {why}")),
            }
        }
        Err(PortError(format!(
            "the metadata service does not answer ({}); it has to be enabled in the launch template",
            failures.join("; ")
        )))
    }
}

#[async_trait]
impl Metadata for Imds {
    async fn get(&self, path: &str) -> Result<Option<String>, PortError> {
        let path = format!("/latest/meta-data/{path}");
        for _ in 0..2 {
            let session = match self.session() {
                Some(session) => session,
                None => self.begin().await?,
            };
            let header = ("X-aws-ec2-metadata-token", session.token.as_str());
            match ask(&session.address, "GET", &path, header).await {
                Ok(Answer { code: 200, body }) => {
                    return Ok(Some(body.trim().to_owned()).filter(|text| !text.is_empty()));
                }
                Ok(Answer { code: 404, .. }) => return Ok(None),
                // Tokens end.
                Ok(Answer { code: 401, .. }) => self.remember(None),
                Ok(Answer { code, .. }) => {
                    return Err(PortError(format!("the metadata service answers {path} with the status {code}")));
                }
                Err(why) => {
                    self.remember(None);
                    return Err(PortError(format!("the metadata service does not answer: {why}")));
                }
            }
        }
        Err(PortError("the metadata service takes none of its own tokens".to_owned()))
    }
}

async fn ask(address: &str, method: &str, path: &str, header: (&str, &str)) -> Result<Answer, String> {
    let (name, value) = header;
    if value.contains(['\r', '\n']) {
        return Err("it gave a token that cannot be sent back".to_owned());
    }
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{name}: {value}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(MOST).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    match tokio::time::timeout(TIME, exchange).await {
        Ok(Ok(answer)) => parse(&answer).ok_or_else(|| "what it answers is not HTTP".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("nothing within {} s", TIME.as_secs())),
    }
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let code = head.lines().next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let chunked = head.lines().any(|line| line.to_ascii_lowercase().starts_with("transfer-encoding:"));
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    // An answer that was cut off is none.
    if chunked || length.is_some_and(|length| body.len() < length) {
        return None;
    }
    let body = body.get(..length.unwrap_or(body.len())).unwrap_or(body);
    Some(Answer { code, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Answers each connection with what `reply` makes of the request.
    async fn serve(reply: impl Fn(&str) -> String + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut buffer = [0; 2048];
                let read = stream.read(&mut buffer).await.unwrap();
                let request = String::from_utf8_lossy(&buffer[..read]).into_owned();
                let _gone = stream.write_all(reply(&request).as_bytes()).await;
            }
        });
        address
    }

    fn http(code: u16, body: &str) -> String {
        format!("HTTP/1.1 {code} X\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn a_token_is_fetched_and_used_and_fetched_again_when_it_has_ended() {
        let count = std::sync::atomic::AtomicU32::new(0);
        let address = serve(move |request| {
            if request.starts_with("PUT /latest/api/token ") {
                let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                return http(200, &format!("t{number}"));
            }
            match request {
                _ if !request.contains("X-aws-ec2-metadata-token: t1\r\n") => http(401, ""),
                _ if request.starts_with("GET /latest/meta-data/instance-id ") => http(200, "i-1\n"),
                _ => http(404, ""),
            }
        })
        .await;
        let imds = Imds::at(&address);
        assert_eq!(imds.get("instance-id").await.unwrap().as_deref(), Some("i-1"));
        assert_eq!(imds.get("ipv6").await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_does_not_answer_is_told() {
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
        let error = Imds::at(&nobody).get("instance-id").await.unwrap_err().to_string();
        assert!(error.contains("does not answer") && error.contains("launch template"), "{error}");
        let disabled = serve(|_| http(403, "")).await;
        let error = Imds::at(&disabled).get("instance-id").await.unwrap_err().to_string();
        assert!(error.contains("the status 403"), "{error}");
        let cut_off = serve(|_| "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".to_owned()).await;
        let error = Imds::at(&cut_off).get("instance-id").await.unwrap_err().to_string();
        assert!(error.contains("not HTTP"), "{error}");
    }
}
