//! Files from the internet, by curl: it is on every image and on most machines, and knows proxies and certificates of its own.

use std::io;
use std::process::Stdio;

use async_trait::async_trait;
use tokio::process::Command;

use crate::fetch::{Fetch, FetchError, MOST_BYTES};

/// What curl is told to fetch a file. A redirection may lead elsewhere, and never to somewhere unencrypted.
///
/// # Errors
/// The URL is none of HTTPS.
pub fn curl_arguments(url: &str) -> Result<Vec<String>, FetchError> {
    if !url.starts_with("https://") {
        return Err(unreachable(url, "it is not https"));
    }
    let most = MOST_BYTES.to_string();
    let arguments = [
        "--fail",
        "--silent",
        "--show-error",
        "--location",
        "--proto",
        "=https",
        "--retry",
        "2",
        "--connect-timeout",
        "10",
        "--max-time",
        "60",
        "--max-filesize",
        most.as_str(),
        url,
    ];
    Ok(arguments.map(str::to_owned).to_vec())
}

/// What curl's failure means; `said` is what it wrote.
#[must_use]
pub fn curl_failure(url: &str, said: &[u8]) -> FetchError {
    let said = String::from_utf8_lossy(said);
    unreachable(url, said.lines().last().unwrap_or("curl said nothing").trim())
}

fn unreachable(url: &str, why: &str) -> FetchError {
    FetchError::Unreachable { url: url.to_owned(), source: io::Error::other(why.to_owned()).into() }
}

/// The curl of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Curl;

#[async_trait]
impl Fetch for Curl {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let mut command = Command::new("curl");
        command.args(curl_arguments(url)?).stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.map_err(|error| unreachable(url, &format!("curl: {error}")))?;
        if output.status.success() { Ok(output.stdout) } else { Err(curl_failure(url, &output.stderr)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_encrypted_is_fetched() {
        let arguments = curl_arguments("https://example.com/a").unwrap();
        assert_eq!(arguments.last().map(String::as_str), Some("https://example.com/a"));
        assert!(arguments.windows(2).any(|pair| pair == ["--proto", "=https"]));
        assert!(matches!(curl_arguments("http://example.com/a"), Err(FetchError::Unreachable { .. })));
    }

    #[test]
    fn a_failure_says_what_curl_says_last() {
        use std::error::Error as _;
        let error = curl_failure("https://a", b"curl: one\ncurl: (6) Could not resolve host: a\n");
        assert_eq!(error.source().unwrap().to_string(), "curl: (6) Could not resolve host: a");
    }
}
