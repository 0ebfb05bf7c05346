//! What kedge shows to members of etcd, and whom of them it believes.

use std::fmt;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::error::EtcdError;

/// Certificates for asking etcd: the authority that members are issued by, and a certificate of a client with its key.
///
/// On control planes that is `pki/etcd/ca.crt` and `pki/etcd/healthcheck-client` of kubeadm.
#[derive(Clone)]
pub struct ClientTls(pub(crate) ClientConfig);

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientTls(not shown)")
    }
}

impl ClientTls {
    /// From PEM: certificates of the authority, the certificate and its key.
    ///
    /// # Errors
    /// Says which of them cannot be read, or that they do not belong together.
    pub fn from_pem(ca: &str, certificate: &str, key: &str) -> Result<Self, EtcdError> {
        let wrong = |what: &str, why: &dyn fmt::Display| EtcdError::Tls { why: format!("{what}: {why}") };
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(ca.as_bytes()) {
            let root = root.map_err(|error| wrong("the authority", &error))?;
            roots.add(root).map_err(|error| wrong("the authority", &error))?;
        }
        if roots.is_empty() {
            return Err(wrong("the authority", &"there is no certificate"));
        }
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
        let chain = chain.map_err(|error| wrong("the certificate", &error))?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| wrong("the key", &error))?;
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong("TLS", &error))?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(|error| wrong("the certificate and its key", &error))?;
        Ok(Self(config))
    }
}
