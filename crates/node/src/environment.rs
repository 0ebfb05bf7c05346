//! The environment, read once.

use std::os::unix::process::CommandExt as _;

use kedge_bootstrap::Proxy;

const ENDPOINT: &str = "AWS_ENDPOINT_URL_S3";

/// What matters of the environment beside what the AWS SDK reads itself.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// Where programs are found.
    pub(crate) path: String,
    /// Host and port of the metadata service, where they are not those of AWS.
    pub(crate) metadata: Option<String>,
    endpoint: Option<String>,
    proxy: Option<String>,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the environment")]
    pub(crate) fn read() -> Self {
        let text = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
        let metadata = text("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        let plain = |url: String| url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self {
            path: text("PATH").unwrap_or_default(),
            metadata: metadata.map(plain),
            endpoint: text(ENDPOINT).or_else(|| text("AWS_ENDPOINT_URL")),
            proxy: text("HTTPS_PROXY"),
        }
    }

    /// Begins this process again with the endpoint of the store and the proxy of the cluster in its environment, where the AWS
    /// SDK looks for them. Comes back if they are there, or if that fails.
    pub(crate) fn with(&self, endpoint: Option<&str>, proxy: Option<&Proxy>) -> Option<std::io::Error> {
        let mut wanted: Vec<(&str, String)> = Vec::new();
        wanted.extend(endpoint.filter(|_| self.endpoint.is_none()).map(|endpoint| (ENDPOINT, endpoint.to_owned())));
        let proxy = proxy.filter(|proxy| self.proxy.as_ref() != Some(&proxy.url));
        wanted.extend(proxy.iter().flat_map(|proxy| proxy.variables()));
        if wanted.is_empty() {
            return None;
        }
        let program = match std::env::current_exe() {
            Ok(program) => program,
            Err(error) => return Some(error),
        };
        Some(std::process::Command::new(program).args(std::env::args_os().skip(1)).envs(wanted).exec())
    }
}
