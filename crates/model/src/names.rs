//! Names of resources within kedge: `Name` tags, AWS names, and keys made from them.
//!
//! What AWS limits in length is shortened in [`kedge_resource::names`], which executor and sandbox share.

use kedge_resource::ClusterName;
use kedge_resource::names::role_name;
use kedge_spec::resolved::{InstanceGroup, Role};

/// `Name` tag of a subnet.
pub(crate) fn subnet(subnet: &str, cluster: &ClusterName) -> String {
    format!("{subnet}.{cluster}")
}

/// Route table of a zone's private subnets.
pub(crate) fn private_route_table(zone: &str, cluster: &ClusterName) -> String {
    format!("private-{zone}.{cluster}")
}

/// Route table of a zone's public subnets that reach IPv4 through a NAT gateway.
pub(crate) fn public_route_table(zone: &str, cluster: &ClusterName) -> String {
    format!("public-{zone}.{cluster}")
}

/// NAT gateway of a zone, and its address.
pub(crate) fn nat_gateway(zone: &str, cluster: &ClusterName) -> String {
    format!("{zone}.{cluster}")
}

/// Security group of a role's instances.
pub(crate) fn security_group(role: Role, cluster: &ClusterName) -> String {
    let prefix = match role {
        Role::ControlPlane | Role::ApiServer => "masters",
        Role::Node => "nodes",
        Role::Bastion => "bastion",
    };
    format!("{prefix}.{cluster}")
}

/// Security group of a load balancer: `api` or `bastion`.
pub(crate) fn load_balancer_security_group(prefix: &str, cluster: &ClusterName) -> String {
    format!("{prefix}-elb.{cluster}")
}

/// `Name` tag of a load balancer: `api` or `bastion`.
pub(crate) fn load_balancer(prefix: &str, cluster: &ClusterName) -> String {
    format!("{prefix}.{cluster}")
}

/// Launch template and auto scaling group of an instance group.
pub(crate) fn group(group: &InstanceGroup, cluster: &ClusterName) -> String {
    let name = &group.name;
    match group.role {
        Role::ControlPlane => format!("{name}.masters.{cluster}"),
        Role::ApiServer => format!("{name}.apiservers.{cluster}"),
        Role::Node | Role::Bastion => format!("{name}.{cluster}"),
    }
}

/// IAM role and instance profile of a role's instances.
pub(crate) fn instance_role(role: Role, cluster: &ClusterName) -> String {
    let prefix = match role {
        Role::ControlPlane => "masters",
        Role::ApiServer => "apiservers",
        Role::Node => "nodes",
        Role::Bastion => "bastions",
    };
    role_name(prefix, cluster)
}

/// Volume of an etcd member.
pub(crate) fn etcd_volume(member: &str, etcd_cluster: &str, cluster: &ClusterName) -> String {
    format!("{member}.etcd-{etcd_cluster}.{cluster}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use kedge_resource::names::shorten;

    proptest! {
        #[test]
        fn shortened_names_fit_and_stay_the_same(name in "[a-z0-9.-]{1,120}", limit in 8_usize..100) {
            let short = shorten(&name, limit);
            prop_assert!(short.len() <= limit);
            prop_assert_eq!(&short, &shorten(&name, limit));
            prop_assert_eq!(&short, &shorten(&short, limit));
            prop_assert_eq!(name.len() <= limit, short == name);
        }

        #[test]
        fn names_that_differ_behind_the_cut_stay_apart(base in "[a-z]{64}", a in "[a-z]{1,9}", b in "[a-z]{1,9}") {
            prop_assume!(a != b);
            prop_assert_ne!(shorten(&format!("{base}{a}"), 64), shorten(&format!("{base}{b}"), 64));
        }
    }
}
