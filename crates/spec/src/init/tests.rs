//! Manifests from choices, as they come out.

use std::collections::BTreeMap;

use super::*;
use crate::resolved::{ResolvedSpec, Role, SubnetType};

fn options(zones: &[&str]) -> InitOptions {
    InitOptions::new("test.example.com", zones.iter().map(|zone| (*zone).to_owned()).collect())
}

/// What the new manifest means; it has to be without any warning.
fn made(options: &InitOptions) -> ResolvedSpec {
    let text = init(options).unwrap_or_else(|error| panic!("{:?}", error.0.sorted()));
    let problems = crate::testing::problems(&text);
    let loud: Vec<&String> = problems.iter().filter(|problem| !problem.starts_with("note")).collect();
    assert!(loud.is_empty(), "{loud:?} in\n{text}");
    crate::testing::resolved(&text)
}

/// The options that are complained about.
fn refused(options: &InitOptions) -> Vec<String> {
    let problems = init(options).unwrap_err().0;
    problems.iter().map(|problem| problem.path.clone().unwrap_or_default()).collect()
}

/// Compares with the file of this name; `SNAPSHOTS=overwrite` writes it.
fn golden(name: &str, options: &InitOptions) {
    made(options);
    snapbox::assert_data_eq!(
        init(options).unwrap(),
        snapbox::Data::read_from(
            &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/init").join(name),
            None,
        )
        .raw()
    );
}

#[test]
fn one_zone() {
    golden("one-zone.yaml", &options(&["us-east-1a"]));
}

#[test]
fn three_zones_with_everything() {
    let mut options = options(&["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
    options.node_count = Some(4);
    options.node_size = "m7g.large".to_owned();
    options.bastion = true;
    options.admin_access = vec!["203.0.113.0/24".to_owned()];
    options.state_store = Some("s3://state/".to_owned());
    options.cloud_labels = BTreeMap::from([("team".to_owned(), "platform".to_owned())]);
    options.network_cidr = "10.80.0.0/16".to_owned();
    options.ssh_public_key =
        Some("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f somebody\n".to_owned());
    golden("three-zones.yaml", &options);
}

#[test]
fn ipv6() {
    let mut options = options(&["us-east-1a", "us-east-1b"]);
    options.ipv6 = true;
    golden("ipv6.yaml", &options);
    options.topology = TopologyChoice::Public;
    let types: Vec<SubnetType> = made(&options).cluster.network.subnets.iter().map(|it| it.subnet_type).collect();
    assert_eq!(types, [SubnetType::Public, SubnetType::Public]);
}

#[test]
fn public() {
    let mut options = options(&["us-east-1a"]);
    options.topology = TopologyChoice::Public;
    golden("public.yaml", &options);
}

#[test]
fn every_plugin_makes_a_sound_cluster() {
    use NetworkChoice::*;
    for networking in [AmazonVpc, Calico, Cilium, CiliumEni, CiliumEtcd, Cni, Flannel, Kindnet, KubeRouter] {
        for topology in [TopologyChoice::Public, TopologyChoice::Private] {
            for dns in [DnsChoice::Public, DnsChoice::Private, DnsChoice::None] {
                let spec = made(&InitOptions { networking, topology, dns, ..options(&["us-east-1a", "us-east-1b"]) });
                let etcd = if networking == CiliumEtcd { 3 } else { 2 };
                assert_eq!(spec.cluster.etcd_clusters.len(), etcd);
            }
        }
    }
}

#[test]
fn ranges_of_every_size_are_cut() {
    for topology in [TopologyChoice::Public, TopologyChoice::Private] {
        for prefix in 16..=30 {
            let zones = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-east-1e", "us-east-1f"];
            let options = InitOptions { topology, network_cidr: format!("10.0.0.0/{prefix}"), ..options(&zones) };
            let most = if topology == TopologyChoice::Public { 25 } else { 22 };
            if prefix <= most {
                made(&options);
            } else {
                assert_eq!(refused(&options), ["--network-cidr"], "{prefix}");
            }
        }
    }
}

#[test]
fn nodes_are_spread_over_zones() {
    let mut options = options(&["us-east-1a", "us-east-1b", "us-east-1c"]);
    let mut sizes = |count| {
        options.node_count = count;
        let groups = made(&options).groups;
        groups.iter().filter(|group| group.role == Role::Node).map(|group| group.max_size).collect::<Vec<_>>()
    };
    assert_eq!(sizes(None), [1, 1, 1]);
    assert_eq!(sizes(Some(5)), [2, 2, 1]);
    assert_eq!(sizes(Some(2)), [1, 1]);
}

#[test]
fn control_planes_follow_zones_and_count() {
    let planes = |change: &dyn Fn(&mut InitOptions)| {
        let mut options = options(&["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"]);
        change(&mut options);
        let groups = made(&options).groups;
        let planes = groups.into_iter().filter(|group| group.role == Role::ControlPlane);
        planes.map(|group| group.name.trim_start_matches("control-plane-us-east-").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(planes(&|_| {}), ["1a", "1b", "1c"]);
    assert_eq!(planes(&|options| options.zones.truncate(2)), ["1a"]);
    assert_eq!(planes(&|options| options.control_plane_count = Some(1)), ["1a"]);
    assert_eq!(planes(&|options| options.control_plane_zones = vec!["us-east-1f".to_owned()]), ["1f"]);
    let one_zone = |options: &mut InitOptions| {
        options.zones.truncate(1);
        options.control_plane_count = Some(3);
    };
    assert_eq!(planes(&one_zone), ["1a-1", "1a-2", "1a-3"]);
}

#[test]
fn load_balancers_are_made_where_they_are_needed() {
    let has = |change: &dyn Fn(&mut InitOptions)| {
        let mut options = options(&["us-east-1a"]);
        options.topology = TopologyChoice::Public;
        change(&mut options);
        made(&options).cluster.api.load_balancer
    };
    assert_eq!(has(&|_| {}), None);
    assert!(has(&|options| options.topology = TopologyChoice::Private).is_some());
    assert!(has(&|options| options.dns = DnsChoice::None).is_some());
    assert!(has(&|options| options.control_plane_count = Some(3)).is_some());
    assert!(has(&|options| options.load_balancer = Some(LoadBalancerChoice::Public)).is_some_and(|it| !it.internal));
    let internal = |options: &mut InitOptions| {
        options.topology = TopologyChoice::Private;
        options.load_balancer = Some(LoadBalancerChoice::Internal);
    };
    assert!(has(&internal).is_some_and(|it| it.internal));
}

#[test]
fn an_existing_vpc_gets_new_subnets() {
    let spec = made(&InitOptions { network_id: Some("vpc-1".to_owned()), ..options(&["us-east-1a"]) });
    assert!(matches!(&spec.cluster.network.vpc, crate::resolved::Vpc::Shared { id, .. } if id == "vpc-1"));
    let types: Vec<SubnetType> = spec.cluster.network.subnets.iter().map(|subnet| subnet.subnet_type).collect();
    assert_eq!(types, [SubnetType::Private, SubnetType::Utility]);
}

#[test]
fn choices_that_contradict_each_other_are_all_reported() {
    let mut wrong = options(&["us-east-1a", "us-east-1a", "eu-west-1b", "mars"]);
    wrong.name = "nodots".to_owned();
    wrong.control_plane_count = Some(2);
    wrong.node_count = Some(0);
    wrong.topology = TopologyChoice::Public;
    wrong.bastion = true;
    wrong.load_balancer = Some(LoadBalancerChoice::Internal);
    wrong.ipv6 = true;
    wrong.networking = NetworkChoice::AmazonVpc;
    wrong.dns = DnsChoice::None;
    wrong.dns_zone = Some("example.com".to_owned());
    wrong.network_cidr = "10.0.0.1/16".to_owned();
    let expected = [
        "--name",
        "--zones",
        "--zones",
        "--zones",
        "--control-plane-count",
        "--node-count",
        "--network-cidr",
        "--bastion",
        "--api-loadbalancer-type",
        "--ipv6",
        "--dns-zone",
    ];
    assert_eq!(refused(&wrong), expected);
    assert_eq!(refused(&options(&[])), ["--zones"]);
    let eight: Vec<String> = ('a'..='h').map(|letter| format!("us-east-1{letter}")).collect();
    assert_eq!(refused(&InitOptions::new("test.example.com", eight)), ["--zones"]);
    for version in ["latest", "1.34", "1.31.0", "1.99.0", ""] {
        let wrong = InitOptions { kubernetes_version: version.to_owned(), ..options(&["us-east-1a"]) };
        assert_eq!(refused(&wrong), ["--kubernetes-version"], "{version}");
    }
    // What the reader finds is reported under the field.
    let nobody = InitOptions { admin_access: vec!["everybody".to_owned()], ..options(&["us-east-1a"]) };
    let paths = refused(&nobody);
    assert!(
        !paths.is_empty() && paths.iter().all(|path| path.starts_with("Cluster/test.example.com: spec.")),
        "{paths:?}"
    );
    for state in ["state", "gs://state", "s3://", "s3:///prefix", "file:///state"] {
        let elsewhere = InitOptions { state_store: Some(state.to_owned()), ..options(&["us-east-1a"]) };
        assert_eq!(refused(&elsewhere), ["--state"], "{state}");
    }
    for zone in ["xx-1a", "us-east-1", "us-east-a", "1a", "us-east-1ab", "US-EAST-1a", "us--1a"] {
        assert!(refused(&options(&[zone])).contains(&"--zones".to_owned()), "{zone}");
    }
    for zone in ["us-east-1a", "us-gov-west-1b", "ap-southeast-10c", "us-west-2-lax-1a", "us-test-1a"] {
        made(&options(&[zone]));
    }
}
