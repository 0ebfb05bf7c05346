//! A kubeconfig for a cluster, with a certificate that is good for hours, not years.

use jiff::{SignedDuration, Timestamp};
use kedge_cloud::{Observe, Scope};
use kedge_pki::{Authority, KubeConfig, Leaf, Purpose, User};
use kedge_resource::{Kind, ResourceKey};
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::DnsType;
use kedge_store::{ClusterStore, OuterKey};
use ring::rand::SecureRandom;

use crate::error::OpError;
use crate::keypairs::{KeypairError, pki};

/// Longest time that a certificate of an administrator is good: nobody can take it back before.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Which of the ways to the API is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The public name, or the load balancer.
    Public,
    /// `api.internal.<cluster>`, from within the VPC.
    Internal,
}

/// Where the API of a cluster is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// At this host and port.
    Known(String),
    /// At the load balancer of this key, whose name only the account knows.
    Ask(ResourceKey, Option<u16>),
}

/// Where the API is. A load balancer with a certificate of ACM ends TLS itself, so that a client with a certificate of its
/// own has to use the other port, which goes through to the API servers.
#[must_use]
pub fn server(spec: &ResolvedSpec, way: Way, with_certificate: bool) -> Server {
    let cluster = &spec.cluster;
    let balancer = cluster.api.load_balancer.as_ref();
    let own_tls = balancer.is_some_and(|balancer| balancer.certificate.is_some());
    let port = (own_tls && with_certificate && way == Way::Public).then_some(8443);
    let host = match way {
        Way::Internal => format!("api.internal.{}", cluster.name),
        Way::Public if cluster.dns.dns_type == DnsType::None && balancer.is_some() => {
            return Server::Ask(ResourceKey::new(Kind::LoadBalancer, format!("api.{}", cluster.name)), port);
        }
        Way::Public => cluster.api.public_name.clone(),
    };
    Server::Known(url(&host, port))
}

fn url(host: &str, port: Option<u16>) -> String {
    match port {
        Some(port) => format!("https://{host}:{port}"),
        None => format!("https://{host}"),
    }
}

/// Whether what answers there proves itself by an authority that clients of the internet know, not by the cluster's own.
#[must_use]
pub fn is_publicly_trusted(spec: &ResolvedSpec, way: Way, with_certificate: bool) -> bool {
    let balancer = spec.cluster.api.load_balancer.as_ref();
    way == Way::Public && !with_certificate && balancer.is_some_and(|balancer| balancer.certificate.is_some())
}

/// Asks the account for the name of a load balancer; none if there is no such thing yet.
///
/// # Errors
/// The account does not answer.
pub async fn ask<O: Observe>(
    cloud: &O,
    spec: &ResolvedSpec,
    key: &ResourceKey,
    port: Option<u16>,
) -> Result<Option<String>, OpError> {
    let inventory = cloud.inventory(&spec.cluster.name, Scope::Manifests).await;
    let inventory = inventory.map_err(OpError::cloud("read what the account holds"))?;
    let found = inventory.resources.iter().find(|observed| observed.key == *key);
    Ok(found.and_then(|observed| observed.handle.dns_name.as_deref()).map(|host| url(host, port)))
}

/// Who an administrator is, and for how long.
#[derive(Debug)]
pub struct Admin<'a> {
    /// How audit logs call them.
    pub user: String,
    /// How long the certificate is good.
    pub lifetime: SignedDuration,
    /// The key outside the store, which opens that of the authority.
    pub outer: &'a dyn OuterKey,
}

/// Makes a kubeconfig for a server, with a certificate if an administrator wants one. `publicly_trusted` leaves the
/// authorities out.
///
/// # Errors
/// The cluster has no authority yet, its key does not open, or the store does not answer.
pub async fn export(
    store: &ClusterStore,
    server: String,
    publicly_trusted: bool,
    admin: Option<Admin<'_>>,
    now: Timestamp,
    random: &dyn SecureRandom,
) -> Result<KubeConfig, KeypairError> {
    let purpose = Purpose::KubernetesCa;
    let keysets = store.keysets().await?;
    let keyset = keysets.get(purpose).ok_or(KeypairError::Missing { purpose })?;
    let primary = keyset.primary().ok_or(KeypairError::Missing { purpose })?;
    let user = match admin {
        None => None,
        Some(Admin { user, lifetime, outer }) => {
            let vault = store.vault(outer).await?;
            let key = store.private_key(&vault, purpose, primary.id).await?;
            let issue = || {
                let certificate = primary.certificate.as_deref().unwrap_or_default();
                let authority = Authority::from_pem(certificate, key.expose(), random)?;
                authority.issue(&Leaf::Admin { user: user.clone() }, lifetime, now, random)
            };
            Some(User::from(&issue().map_err(pki(format!("issue a certificate for {user}")))?))
        }
    };
    let authorities = (!publicly_trusted).then(|| keyset.bundle());
    Ok(KubeConfig { name: store.cluster().to_string(), server, authorities, user })
}

#[cfg(test)]
mod tests;
