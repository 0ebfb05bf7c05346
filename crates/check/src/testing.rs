//! Plans for the tests of the rules.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::inventory::Handle;
use kedge_resource::kind::{
    Direction, LaunchTemplate, MetadataOptions, Monitoring, SecurityGroupRule, StoreObject, Volume, Vpc,
};
use kedge_resource::plan::{PLAN_FORMAT_VERSION, PlanReport, Purpose, Replacement};
use kedge_resource::{
    Action, Change, ClusterName, Observed, Ownership, Plan, Properties, Reason, Ref, ResourceKey, Tags,
};

pub(crate) fn plan(changes: Vec<Change>) -> Plan {
    Plan {
        format_version: PLAN_FORMAT_VERSION,
        purpose: Purpose::Apply,
        cluster: ClusterName::parse("c.example.com").unwrap(),
        account_id: "123456789012".to_owned(),
        region: "us-test-1".to_owned(),
        changes,
        unchanged: 0,
        handles: BTreeMap::new(),
        report: PlanReport::default(),
    }
}

fn change(name: &str, action: Action, before: Option<Properties>, after: Option<Properties>) -> Change {
    let kind = before.as_ref().or(after.as_ref()).unwrap().kind();
    let key = ResourceKey::new(kind, name);
    Change {
        before: before.map(|properties| Observed {
            key: key.clone(),
            handle: Handle::new("id"),
            ownership: Ownership::Owned,
            properties,
        }),
        key,
        action,
        reason: Reason::Differs,
        fields: Vec::new(),
        after,
        needs: BTreeSet::new(),
        remove_needs: BTreeSet::new(),
        replacement: (action == Action::Replace).then_some(Replacement::DeleteFirst),
        batch: None,
    }
}

pub(crate) fn create(name: &str, after: impl Into<Properties>) -> Change {
    change(name, Action::Create, None, Some(after.into()))
}

pub(crate) fn delete(name: &str, before: impl Into<Properties>) -> Change {
    change(name, Action::Delete, Some(before.into()), None)
}

pub(crate) fn replace(name: &str, before: impl Into<Properties>, after: impl Into<Properties>) -> Change {
    change(name, Action::Replace, Some(before.into()), Some(after.into()))
}

pub(crate) fn update<P: Into<Properties> + Clone>(name: &str, both: P) -> Change {
    change(name, Action::Update, Some(both.clone().into()), Some(both.into()))
}

pub(crate) fn store_object() -> StoreObject {
    StoreObject { version: None, sha256: None, content: None, load_balancer: None }
}

pub(crate) fn etcd_volume() -> Volume {
    Volume {
        availability_zone: "us-test-1a".to_owned(),
        size: 20,
        volume_type: "gp3".to_owned(),
        iops: Some(3000),
        throughput: Some(125),
        encrypted: true,
        kms_key_id: None,
        tags: Tags::from_iter([("k8s.io/etcd/main", "a/a")]),
    }
}

pub(crate) fn vpc() -> Vpc {
    Vpc {
        cidr_block: "172.20.0.0/16".to_owned(),
        amazon_provided_ipv6_cidr_block: true,
        enable_dns_hostnames: true,
        enable_dns_support: true,
        tags: Tags::default(),
    }
}

pub(crate) fn ssh_rule() -> SecurityGroupRule {
    SecurityGroupRule {
        group: Ref::managed("nodes.c.example.com"),
        direction: Direction::Ingress,
        ip_protocol: "tcp".to_owned(),
        from_port: Some(22),
        to_port: Some(22),
        cidr_ip: Some("0.0.0.0/0".to_owned()),
        cidr_ipv6: None,
        prefix_list_id: None,
        peer_group: None,
        tags: Tags::default(),
    }
}

pub(crate) fn launch_template() -> LaunchTemplate {
    LaunchTemplate {
        image_id: "ami-1".to_owned(),
        instance_type: "t3.micro".to_owned(),
        instance_profile: None,
        key: None,
        block_device_mappings: Vec::new(),
        network_interfaces: Vec::new(),
        metadata_options: MetadataOptions {
            http_endpoint: "enabled".to_owned(),
            http_tokens: "required".to_owned(),
            http_put_response_hop_limit: 1,
            http_protocol_ipv6: "disabled".to_owned(),
        },
        monitoring: Monitoring { enabled: false },
        credit_specification: None,
        instance_market_options: None,
        placement: None,
        ebs_optimized: None,
        user_data: None,
        tag_specifications: Vec::new(),
        tags: Tags::default(),
    }
}
