//! Load balancers that tests begin with.

use super::*;
use crate::account::testing::{gateway, subnet, tags, vpc};

/// An internet-facing load balancer `api` in a new VPC with a gateway; returns its ARN, the VPC and its group.
pub(crate) fn balancer(account: &mut Account) -> (String, String, String) {
    let vpc = vpc(account, "v");
    gateway(account, &vpc);
    let group = account.create_security_group(&vpc, "api", "api", &tags("api")).unwrap().id;
    let subnets = [subnet(account, &vpc, 0), subnet(account, &vpc, 1)];
    let spec = BalancerSpec {
        name: "api".to_owned(),
        scheme: "internet-facing".to_owned(),
        kind: "network".to_owned(),
        ip_address_type: "ipv4".to_owned(),
        security_groups: vec![group.clone()],
        mappings: subnets.map(|subnet| Mapping { subnet, allocation_id: None, private_ip: None }).to_vec(),
    };
    let arn = account.create_load_balancer(&spec, &tags("api.example.com")).unwrap().arn;
    (arn, vpc, group)
}
