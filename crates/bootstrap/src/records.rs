//! Names of the API that no load balancer has: control planes keep records of them, as kops's DNS controller does.

use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::DnsType;
use serde::{Deserialize, Serialize};

use crate::endpoint::internal_name;

/// A name of the API that leads to control planes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiRecord {
    /// The name.
    pub name: String,
    /// Whether it leads to addresses on the internet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public: bool,
    /// Whether it is in a zone that only the VPC sees.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private_zone: bool,
}

/// The names of a cluster.
pub(crate) fn of(spec: &ResolvedSpec) -> Vec<ApiRecord> {
    let cluster = &spec.cluster;
    let private_zone = match cluster.dns.dns_type {
        DnsType::None => return Vec::new(),
        DnsType::Private => true,
        DnsType::Public => false,
    };
    let balancer = cluster.api.load_balancer.as_ref();
    let mut records = Vec::new();
    if balancer.is_none() {
        records.push(ApiRecord { name: cluster.api.public_name.clone(), public: !private_zone, private_zone });
    }
    if !balancer.is_some_and(|balancer| balancer.use_for_internal_api) {
        records.push(ApiRecord { name: internal_name(spec), public: false, private_zone });
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::spec;

    fn names(changes: &[(&str, &str)]) -> Vec<(String, bool)> {
        of(&spec(changes)).into_iter().map(|record| (record.name, record.public)).collect()
    }

    #[test]
    fn load_balancers_have_their_names_themselves() {
        let api = "spec:\n  api: {dns: {}}\n";
        let own = names(&[("spec:\n", api)]);
        let public = own.iter().map(|(_, public)| *public).collect::<Vec<_>>();
        assert_eq!(public, [true, false], "{own:?}");
        assert!(own[1].0.starts_with("api.internal."), "{own:?}");
        let api = "spec:\n  api: {loadBalancer: {type: Public}}\n";
        assert_eq!(names(&[("spec:\n", api)]), own[1..]);
        let api = "spec:\n  api: {loadBalancer: {type: Public, useForInternalApi: true}}\n";
        assert_eq!(names(&[("spec:\n", api)]), []);
    }
}
