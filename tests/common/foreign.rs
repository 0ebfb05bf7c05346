//! Things of others that look like ours: same names, same tags, no ownership tag.

use kedge_cloud::{Handles, Observe, Realize};
use kedge_resource::kind::{Role, SecurityGroup, Subnet, Volume, Vpc};
use kedge_resource::policy::{PolicyDocument, Statement};
use kedge_resource::{ClusterName, Ref, Tags};

use crate::others::create;

/// Makes a VPC, a subnet, a security group, a volume and a role that carry the cluster's names and the tag
/// `KubernetesCluster`, with an ownership tag that says `shared`.
pub(crate) async fn make<B: Observe + Realize>(backend: &B, cluster: &ClusterName, zone: &str) {
    let c = cluster.as_str();
    let mut handles = Handles::default();
    let tags = |name: &str| -> Tags {
        let mut tags = Tags::standard(cluster, name);
        tags.set(kedge_resource::tags::ownership_key(cluster), "shared");
        tags
    };
    let vpc = Vpc {
        cidr_block: "10.99.0.0/16".to_owned(),
        amazon_provided_ipv6_cidr_block: false,
        enable_dns_hostnames: true,
        enable_dns_support: true,
        tags: tags(c),
    };
    let vpc = create(backend, cluster, &mut handles, c, vpc.into()).await;
    let subnet = Subnet {
        vpc: Ref::existing(&vpc.id),
        availability_zone: zone.to_owned(),
        cidr_block: Some("10.99.1.0/24".to_owned()),
        ipv6_cidr_block: None,
        assign_ipv6_address_on_creation: false,
        ipv6_native: false,
        enable_dns64: false,
        private_dns_name_options_on_launch: kedge_resource::kind::PrivateDnsNameOptions {
            hostname_type: "ip-name".to_owned(),
            enable_resource_name_dns_a_record: false,
            enable_resource_name_dns_aaaa_record: false,
        },
        tags: tags(&format!("{zone}.{c}")),
    };
    create(backend, cluster, &mut handles, &format!("{zone}.{c}"), subnet.into()).await;
    let group = SecurityGroup {
        vpc: Ref::existing(&vpc.id),
        group_description: "somebody else's".to_owned(),
        tags: tags(&format!("nodes.{c}")),
    };
    create(backend, cluster, &mut handles, &format!("nodes.{c}"), group.into()).await;
    let volume = Volume {
        availability_zone: zone.to_owned(),
        size: 1,
        volume_type: "gp3".to_owned(),
        iops: None,
        throughput: None,
        encrypted: false,
        kms_key_id: None,
        tags: tags(&format!("a.etcd-main.{c}")),
    };
    create(backend, cluster, &mut handles, &format!("a.etcd-main.{c}"), volume.into()).await;
    let mut trust = Statement::allow();
    trust.principal.insert("Service".to_owned(), ["lambda.amazonaws.com".to_owned()].into());
    trust.action.insert("sts:AssumeRole".to_owned());
    let role = Role {
        assume_role_policy_document: PolicyDocument::new(vec![trust]),
        permissions_boundary: None,
        tags: tags(&format!("operators.{c}")),
    };
    create(backend, cluster, &mut handles, &format!("operators.{c}"), role.into()).await;
}
