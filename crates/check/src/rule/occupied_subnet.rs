//! `subnet-may-be-occupied`: an apply removes a subnet that may still have something in it.
//!
//! AWS keeps a subnet while a network interface is in it. Auto scaling moves instances out of a subnet that a group no
//! longer names, in its own time; load balancers and other things stay until somebody moves them.

use kedge_resource::plan::{Note, Purpose, Severity};
use kedge_resource::{Kind, Plan, Reason};

use super::{destroys, note};
use crate::CheckOptions;

pub(super) fn check(plan: &Plan, _: &CheckOptions) -> Vec<Note> {
    if plan.purpose == Purpose::Delete {
        return Vec::new();
    }
    let subnets: Vec<&str> = plan
        .changes
        .iter()
        .filter(|change| change.key.kind == Kind::Subnet && destroys(change))
        .filter(|change| !matches!(change.reason, Reason::Duplicate { .. }))
        .map(|change| change.key.name.as_str())
        .collect();
    if subnets.is_empty() {
        return Vec::new();
    }
    let text = format!(
        "the plan removes subnets, which AWS refuses until every instance and load balancer has left them: {}; if they do \
         not leave within minutes, the step fails without harm and a later apply goes on",
        subnets.join(", ")
    );
    vec![note(Severity::Warning, "subnet-may-be-occupied", None, text)]
}

#[cfg(test)]
mod tests {
    use kedge_resource::Ref;
    use kedge_resource::kind::{PrivateDnsNameOptions, Subnet};

    use super::*;
    use crate::testing::{create, delete, plan};

    fn subnet() -> Subnet {
        Subnet {
            vpc: Ref::existing("vpc-1"),
            availability_zone: "us-test-1a".to_owned(),
            cidr_block: Some("172.20.32.0/19".to_owned()),
            ipv6_cidr_block: None,
            assign_ipv6_address_on_creation: false,
            ipv6_native: false,
            enable_dns64: false,
            private_dns_name_options_on_launch: PrivateDnsNameOptions {
                hostname_type: "resource-name".to_owned(),
                enable_resource_name_dns_a_record: true,
                enable_resource_name_dns_aaaa_record: false,
            },
            tags: Default::default(),
        }
    }

    #[test]
    fn removed_subnets_are_named() {
        assert_eq!(check(&plan(vec![create("a", subnet())]), &CheckOptions::default()), []);
        let changes = vec![delete("a", subnet()), delete("b", subnet())];
        let text = "the plan removes subnets, which AWS refuses until every instance and load balancer has left them: a, b; \
                    if they do not leave within minutes, the step fails without harm and a later apply goes on";
        let expected = note(Severity::Warning, "subnet-may-be-occupied", None, text.to_owned());
        assert_eq!(check(&plan(changes), &CheckOptions::default()), [expected]);
    }
}
