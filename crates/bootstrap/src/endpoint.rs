//! Where nodes find the API.

use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::DnsType;

/// Port of API servers; security groups and target groups expect it.
pub(crate) const PORT: u16 = 443;

/// Host by which the API is found within the VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiEndpoint {
    /// A name or an address.
    pub host: String,
}

impl ApiEndpoint {
    /// The endpoint of a cluster. Without DNS it is the load balancer, whose name only AWS knows: `load_balancer` is it.
    #[must_use]
    pub fn of(spec: &ResolvedSpec, load_balancer: Option<&str>) -> Option<Self> {
        let host = match spec.cluster.dns.dns_type {
            DnsType::None => load_balancer?.to_owned(),
            DnsType::Public | DnsType::Private => internal_name(spec),
        };
        Some(Self { host })
    }
}

/// `api.internal.<cluster>`, which kops takes too, whatever `masterInternalName` says.
pub(crate) fn internal_name(spec: &ResolvedSpec) -> String {
    format!("api.internal.{}", spec.cluster.name)
}
