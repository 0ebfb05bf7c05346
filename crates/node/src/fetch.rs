//! Upstream files of add-ons, by the host's curl: it is on every image, knows the proxies that the image was given, and asks the
//! image's own resolver, which a static program cannot.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kedge_agent::{Command, Host};
use kedge_kube::{Fetch, FetchError, curl_arguments, curl_failure};

/// How long a file may take, tries included.
const DEADLINE: Duration = Duration::from_secs(180);

/// The host's curl.
#[derive(Debug)]
pub(crate) struct Curl(pub(crate) Arc<dyn Host>);

#[async_trait]
impl Fetch for Curl {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let arguments = curl_arguments(url)?;
        let command = Command::new("curl", arguments.iter().map(String::as_str)).within(DEADLINE);
        let output = self.0.run(&command).await.map_err(|error| curl_failure(url, error.to_string().as_bytes()))?;
        if output.is_ok() { Ok(output.stdout) } else { Err(curl_failure(url, &output.stderr)) }
    }
}
