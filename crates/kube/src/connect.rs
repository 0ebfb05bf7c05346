//! The connection to a cluster.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::discovery::Kind;
use crate::error::{Class, KubeError};

/// How long it may take until a connection is there.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long an answer may take. Nothing is watched here, so that every answer comes soon.
const ANSWERING: Duration = Duration::from_secs(60);

/// How the API is reached.
#[derive(Clone, Debug)]
pub enum Access<'a> {
    /// A kubeconfig, as its text.
    Kubeconfig(&'a str),
    /// As a pod, or as whoever has a token and the authorities of the cluster in files.
    Files {
        /// URL of the API.
        server: &'a str,
        /// File with the authorities.
        authorities: &'a str,
        /// File with the token, which is read again as it is replaced.
        token: &'a str,
    },
}

/// A cluster.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) client: Client,
    /// Kinds that the API is known to have.
    pub(crate) kinds: Arc<Mutex<BTreeMap<(String, String), Kind>>>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cluster")
    }
}

impl Cluster {
    /// A connection. Nothing is asked yet.
    ///
    /// # Errors
    /// The kubeconfig cannot be read, or names credentials that are not there.
    pub async fn connect(access: &Access<'_>) -> Result<Self, KubeError> {
        let action = "read the kubeconfig";
        let broken = |why: String| KubeError::new(Class::Invalid, action, why);
        let text = match access {
            Access::Kubeconfig(text) => (*text).to_owned(),
            Access::Files { server, authorities, token } => of_files(server, authorities, token).to_string(),
        };
        let kubeconfig = Kubeconfig::from_yaml(&text).map_err(|error| broken(error.to_string()))?;
        let proxies = kubeconfig.clusters.iter().filter_map(|named| named.cluster.as_ref()?.proxy_url.as_ref());
        let has_proxy = proxies.count() > 0;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        let mut config = config.map_err(|error| broken(error.to_string()))?;
        if !has_proxy {
            // What the environment says is for the internet; the API of a cluster is reached directly.
            config.proxy_url = None;
        }
        config.connect_timeout = Some(CONNECTING);
        config.read_timeout = Some(ANSWERING);
        config.write_timeout = Some(ANSWERING);
        // Requests are repeated here, where it is known which may be.
        config.default_retry = false;
        let client = Client::try_from(config).map_err(|error| KubeError::of(action, error))?;
        Ok(Self { client, kinds: Arc::default() })
    }

    /// Whether the API server is ready to serve.
    ///
    /// # Errors
    /// It is not, or does not answer.
    pub async fn ready(&self) -> Result<(), KubeError> {
        self.text("ask whether the API is ready", "/readyz").await.map(|_| ())
    }

    /// Version of the API server, such as `v1.34.1`.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn version(&self) -> Result<String, KubeError> {
        let version = self.get("ask for the version", "/version").await?;
        Ok(version.get("gitVersion").and_then(Value::as_str).unwrap_or_default().to_owned())
    }
}

/// A kubeconfig of files.
fn of_files(server: &str, authorities: &str, token: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "cluster", "cluster": { "server": server, "certificate-authority": authorities } }],
        "users": [{ "name": "user", "user": { "tokenFile": token } }],
        "contexts": [{ "name": "context", "context": { "cluster": "cluster", "user": "user" } }],
        "current-context": "context",
    })
}
