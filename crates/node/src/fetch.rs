//! Upstream files of add-ons, by the host's curl: it is on every image, knows the proxies that the image was given, and asks the
//! image's own resolver, which a static program cannot.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kedge_agent::{Command, Host};
use kedge_kube::{Fetch, FetchError, MOST_BYTES};

/// How long a file may take, tries included.
const DEADLINE: Duration = Duration::from_secs(180);

/// The host's curl.
#[derive(Debug)]
pub(crate) struct Curl(pub(crate) Arc<dyn Host>);

#[async_trait]
impl Fetch for Curl {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let unreachable = |why: String| FetchError::Unreachable { url: url.to_owned(), source: why.into() };
        // A redirection may lead elsewhere, and never to somewhere unencrypted.
        if !url.starts_with("https://") {
            return Err(unreachable("it is not https".to_owned()));
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
            "--max-time",
            "60",
            "--max-filesize",
            most.as_str(),
            url,
        ];
        let output = self.0.run(&Command::new("curl", arguments).within(DEADLINE)).await;
        let output = output.map_err(|error| unreachable(error.to_string()))?;
        if !output.is_ok() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().last().unwrap_or("curl said nothing").trim().to_owned();
            return Err(FetchError::Unreachable { url: url.to_owned(), source: io::Error::other(said).into() });
        }
        Ok(output.stdout)
    }
}
