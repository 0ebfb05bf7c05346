//! The HTTP client that every service shares.
//!
//! It is `aws-smithy-http-client` with rustls, and what stands around it. Reading and parsing the system's certificates
//! takes longer than all other start-up work together, so that is put off until a request really goes to an `https`
//! endpoint. And a failure to connect is marked as such, with the address: nothing was sent then, so that even a write
//! that must not happen twice can be tried again. The same goes for an address that takes requests and never answers,
//! which is waited for less long than for one that has answered before.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::resolver::{self, Resolver};

/// How long an address may take for its first answer.
const FIRST_ANSWER: Duration = Duration::from_secs(30);

/// The client.
pub(crate) fn client() -> SharedHttpClient {
    client_waiting(FIRST_ANSWER)
}

/// A client that waits so long for the first answer of an address.
pub(crate) fn client_waiting(first_answer: Duration) -> SharedHttpClient {
    let heard = Arc::new(Heard { first_answer, addresses: Mutex::default() });
    SharedHttpClient::new(LazyClient { heard, connectors: Mutex::default() })
}

/// No connection was made, so that nothing was sent.
#[derive(Debug)]
pub(crate) struct NotConnected {
    /// Scheme and authority that were to be reached.
    pub(crate) address: String,
    /// What failed, from the innermost error.
    why: String,
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}: {}", self.address, self.why)
    }
}

impl Error for NotConnected {}

/// A request was sent to an address that has never answered, and this one was not answered either.
#[derive(Debug)]
pub(crate) struct NotAnswered {
    /// Scheme and authority of the request.
    pub(crate) address: String,
    after: Duration,
}

impl fmt::Display for NotAnswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} gave no answer within {} s", self.address, self.after.as_secs())
    }
}

impl Error for NotAnswered {}

/// The addresses that have answered.
#[derive(Debug)]
struct Heard {
    first_answer: Duration,
    addresses: Mutex<BTreeSet<String>>,
}

impl Heard {
    fn knows(&self, address: &str) -> bool {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner).contains(address)
    }

    fn add(&self, address: &str) {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if !addresses.contains(address) {
            addresses.insert(address.to_owned());
        }
    }
}

/// Keeps one connector, and with it one pool of connections, for each set of timeouts.
#[derive(Debug)]
struct LazyClient {
    heard: Arc<Heard>,
    connectors: Mutex<Vec<(Timeouts, SharedHttpConnector)>>,
}

type Timeouts = (Option<Duration>, Option<Duration>);

impl HttpClient for LazyClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let timeouts = (settings.connect_timeout(), settings.read_timeout());
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, connector)) = connectors.iter().find(|(known, _)| *known == timeouts) {
            return connector.clone();
        }
        let connector = SharedHttpConnector::new(ByScheme(Arc::new(Connectors {
            settings: settings.clone(),
            heard: Arc::clone(&self.heard),
            plain: OnceLock::new(),
            tls: OnceLock::new(),
        })));
        connectors.push((timeouts, connector.clone()));
        connector
    }
}

/// Sends a request through the connector of its scheme.
#[derive(Clone, Debug)]
struct ByScheme(Arc<Connectors>);

#[derive(Debug)]
struct Connectors {
    settings: HttpConnectorSettings,
    heard: Arc<Heard>,
    plain: OnceLock<SharedHttpConnector>,
    tls: OnceLock<SharedHttpConnector>,
}

impl Connectors {
    fn get(&self, uri: &str) -> Result<&SharedHttpConnector, ConnectorError> {
        let plain = uri.starts_with("http://");
        let slot = if plain { &self.plain } else { &self.tls };
        if let Some(connector) = slot.get() {
            return Ok(connector);
        }
        let roots = if plain { TrustStore::empty() } else { TrustStore::default() };
        let context = TlsContext::builder()
            .with_trust_store(roots)
            .build()
            .map_err(|error| ConnectorError::user(Box::new(error)))?;
        Ok(slot.get_or_init(|| {
            let connector = Connector::builder()
                .connector_settings(self.settings.clone())
                .proxy_config(ProxyConfig::from_env())
                .tls_provider(Provider::rustls(CryptoMode::Ring))
                .tls_context(context);
            SharedHttpConnector::new(if resolver::is_needed() {
                connector.build_with_resolver(Resolver::system())
            } else {
                connector.build()
            })
        }))
    }
}

impl HttpConnector for ByScheme {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let address = address(request.uri());
        let connectors = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let call = connectors.get(&address)?.call(request);
            let heard = &connectors.heard;
            let answer = if heard.knows(&address) {
                call.await
            } else {
                match tokio::time::timeout(heard.first_answer, call).await {
                    Ok(answer) => answer,
                    // others may have been answered in the meantime: then this is a delay, and no silence
                    Err(elapsed) if heard.knows(&address) => return Err(ConnectorError::timeout(Box::new(elapsed))),
                    Err(_) => {
                        let silence = NotAnswered { address, after: heard.first_answer };
                        return Err(ConnectorError::timeout(Box::new(silence)));
                    }
                }
            };
            if answer.is_ok() {
                heard.add(&address);
            }
            answer.map_err(|error| match connect_failure(&error) {
                Some(why) => ConnectorError::io(Box::new(NotConnected { address, why })),
                None => error,
            })
        })
    }
}

/// Scheme and authority of a URI.
fn address(uri: &str) -> String {
    let start = uri.find("://").map_or(0, |at| at + 3);
    let end = uri.get(start..).and_then(|rest| rest.find('/')).map_or(uri.len(), |at| start + at);
    uri.get(..end).unwrap_or(uri).to_owned()
}

/// Why no connection was made, if that is what happened. hyper keeps the kind of its error to itself, so its fixed text
/// has to do; the connect timeout of the SDK says so likewise.
fn connect_failure(error: &ConnectorError) -> Option<String> {
    let mut failed = false;
    let mut innermost = String::new();
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        innermost = error.to_string();
        failed |= innermost == "client error (Connect)" || innermost.starts_with("HTTP connect timeout");
        next = error.source();
    }
    failed.then_some(innermost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_before_the_path() {
        assert_eq!(address("https://ec2.us-east-1.amazonaws.com/"), "https://ec2.us-east-1.amazonaws.com");
        assert_eq!(address("http://127.0.0.1:5000/x/y?z=/"), "http://127.0.0.1:5000");
        assert_eq!(address("http://localhost"), "http://localhost");
    }
}
