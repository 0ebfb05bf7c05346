//! A small cluster for tests, and ways to look at what becomes of it.

use std::collections::BTreeMap;

use kedge_resource::facts::ExistingSubnet;
use kedge_resource::kind::{Kind, Properties};
use kedge_resource::{ClusterName, Desired, Facts, Tags};
use kedge_spec::resolved::{
    AccessSource, Addons, Api, ApiLoadBalancer, Bastion, Cluster, Dns, DnsType, Egress, EtcdCluster, EtcdMember, Iam,
    InstanceGroup, InstanceMetadata, Network, NetworkPlugin, Role, RootVolume, SshKey, StorePath, Subnet, SubnetType,
    TerminationHandler, Vpc,
};
use kedge_spec::{ResolvedSpec, Settings};

/// The image of all groups.
pub(crate) const IMAGE: &str = "ubuntu/images/x";

/// One control plane and one group of nodes in one public subnet.
pub(crate) fn minimal() -> ResolvedSpec {
    let everybody = vec![AccessSource::Cidr("0.0.0.0/0".parse().unwrap())];
    ResolvedSpec {
        cluster: Cluster {
            name: ClusterName::parse("test.example.com").unwrap(),
            kubernetes_version: "1.34.0".to_owned(),
            config_base: Some(StorePath { bucket: "store".to_owned(), path: "test.example.com".to_owned() }),
            network: Network {
                vpc: Vpc::Own { cidr: "10.0.0.0/16".parse().unwrap() },
                additional_cidrs: Vec::new(),
                non_masquerade_cidr: "100.64.0.0/10".parse().unwrap(),
                subnets: vec![subnet("us-test-1a", SubnetType::Public, "us-test-1a", "10.0.1.0/24")],
                tag_subnets: true,
                plugin: NetworkPlugin::Cni,
            },
            api: Api { public_name: "api.test.example.com".to_owned(), load_balancer: None, access: everybody.clone() },
            dns: Dns { dns_type: DnsType::Public, zone: None },
            bastion: Bastion::default(),
            ssh_access: everybody,
            node_port_access: Vec::new(),
            node_port_range: (30000, 32767),
            ssh_key: SshKey::None,
            etcd_clusters: vec![EtcdCluster {
                name: "main".to_owned(),
                members: vec![etcd_member("a", "control-plane")],
            }],
            cloud_labels: Tags::default(),
            iam: Iam::default(),
            issuer: None,
            termination_handler: TerminationHandler {
                enabled: true,
                queue: true,
                managed_asg_tag: "aws-node-termination-handler/managed".to_owned(),
                rebalance_draining: false,
            },
            addons: Addons::default(),
            warm_pool: None,
            kubelet_node_labels: BTreeMap::new(),
            control_plane_kubelet_node_labels: BTreeMap::new(),
            ip_based_node_names: false,
            nvidia_gpu: false,
            ecr_credentials_for_mirrors: false,
            encryption_config: false,
            annotations: BTreeMap::new(),
            settings: Settings::default(),
        },
        groups: vec![group("control-plane", Role::ControlPlane), group("nodes", Role::Node)],
        ssh_public_key: None,
        features: std::collections::BTreeSet::new(),
    }
}

/// A load balancer of the API of which the manifest says nothing more.
pub(crate) fn load_balancer() -> ApiLoadBalancer {
    ApiLoadBalancer {
        internal: false,
        use_for_internal_api: false,
        certificate: None,
        ssl_policy: None,
        cross_zone: None,
        access_log: None,
        security_group_override: None,
        additional_security_groups: Vec::new(),
        subnets: Vec::new(),
    }
}

/// A subnet of the cluster's own.
pub(crate) fn subnet(name: &str, subnet_type: SubnetType, zone: &str, cidr: &str) -> Subnet {
    Subnet {
        name: name.to_owned(),
        subnet_type,
        zone: Some(zone.to_owned()),
        cidr: (!cidr.is_empty()).then(|| cidr.parse().unwrap()),
        ipv6_cidr: None,
        id: None,
        egress: Egress::Default,
        additional_routes: Vec::new(),
    }
}

/// A member of an etcd cluster.
pub(crate) fn etcd_member(name: &str, instance_group: &str) -> EtcdMember {
    EtcdMember {
        name: name.to_owned(),
        instance_group: instance_group.to_owned(),
        volume_type: "gp3".to_owned(),
        volume_size: 20,
        volume_iops: None,
        volume_throughput: None,
        encrypted: false,
        kms_key_id: None,
    }
}

/// A group in the first subnet.
pub(crate) fn group(name: &str, role: Role) -> InstanceGroup {
    InstanceGroup {
        name: name.to_owned(),
        role,
        karpenter: false,
        machine_types: vec!["t3.medium".to_owned()],
        image: IMAGE.to_owned(),
        min_size: 1,
        max_size: 2,
        subnets: vec!["us-test-1a".to_owned()],
        zones: Vec::new(),
        associate_public_ip: None,
        security_group_override: None,
        additional_security_groups: Vec::new(),
        cloud_labels: Tags::default(),
        node_labels: BTreeMap::new(),
        taints: Vec::new(),
        root_volume: RootVolume {
            volume_type: "gp3".to_owned(),
            size: 64,
            iops: None,
            throughput: None,
            encryption: None,
            kms_key: None,
            optimized: None,
        },
        volumes: Vec::new(),
        instance_metadata: InstanceMetadata { http_tokens: "required".to_owned(), hop_limit: 1 },
        detailed_monitoring: false,
        cpu_credits: None,
        max_price: None,
        spot_duration_minutes: None,
        instance_interruption_behavior: None,
        tenancy: None,
        mixed_instances_policy: None,
        max_instance_lifetime: 0,
        instance_protection: false,
        suspend_processes: Vec::new(),
        capacity_rebalance: false,
        external_load_balancers: Vec::new(),
        instance_profile: None,
        warm_pool: None,
        additional_user_data: Vec::new(),
        nvidia_gpu: None,
        prevent_destroy: false,
        settings: Settings::default(),
    }
}

/// An account with what the small cluster needs.
pub(crate) fn facts() -> Facts {
    serde_json::from_value(serde_json::json!({
        "region": "us-test-1",
        "partition": "aws-test",
        "accountId": "123456789012",
        "availabilityZones": ["us-test-1a", "us-test-1b"],
        "hostedZones": [{"id": "Z1", "name": "example.com", "private": false}],
        "vpcs": [{"id": "vpc-1", "cidr": "10.0.0.0/16", "internetGateway": "igw-1"}],
        "images": [{
            "id": "ami-1", "owner": "099720109477", "name": "images/x", "rootDeviceName": "/dev/xvda",
            "architecture": "x86_64", "creationDate": "2026-01-01T00:00:00.000Z"
        }],
        "instanceTypes": {"types": {
            "t3.medium": {"vcpus": 2, "memoryMiB": 4096, "architectures": ["x86_64"]},
            "m6g.large": {"vcpus": 2, "memoryMiB": 8192, "architectures": ["arm64"]},
            "m3.medium": {"vcpus": 1, "memoryMiB": 3840, "localDisks": 1, "architectures": ["x86_64"]},
            "g4dn.xlarge": {"vcpus": 4, "memoryMiB": 16384, "gpus": 1, "architectures": ["x86_64"]}
        }}
    }))
    .unwrap()
}

/// A subnet that the account has.
pub(crate) fn existing_subnet(id: &str, vpc: &str, zone: &str, cidr: &str) -> ExistingSubnet {
    ExistingSubnet {
        id: id.to_owned(),
        vpc: vpc.to_owned(),
        zone: zone.to_owned(),
        cidr: Some(cidr.to_owned()),
        ipv6_cidr: None,
        route_table: None,
    }
}

/// What becomes of a specification that fits the account.
pub(crate) fn lower(spec: &ResolvedSpec) -> Desired {
    crate::lower(spec, &facts()).unwrap_or_else(|problems| panic!("{:?}", problems.sorted()))
}

/// The resources of a specification whose instances boot from a store.
pub(crate) fn lower_booting(spec: &ResolvedSpec) -> Desired {
    let user_data = spec.groups.iter().map(|group| (group.name.clone(), format!("boot {}", group.name))).collect();
    let boot = crate::Boot { bucket: "boot".to_owned(), prefix: "p/test.example.com".to_owned(), user_data };
    crate::lower_to(spec, &facts(), Some(&boot)).unwrap_or_else(|problems| panic!("{:?}", problems.sorted()))
}

/// The problems of one that does not, as `code at path`.
pub(crate) fn problems(spec: &ResolvedSpec, facts: &Facts) -> Vec<String> {
    let problems = crate::lower(spec, facts).unwrap_err();
    let text = |problem: &kedge_diag::Diagnostic| {
        format!("{} at {}", problem.code, problem.path.as_deref().unwrap_or_default())
    };
    problems.iter().map(text).collect()
}

/// The resource of a key such as `subnet/a.test.example.com`.
pub(crate) fn find<'a>(desired: &'a Desired, key: &str) -> &'a Properties {
    let found = desired.resources.iter().find(|resource| resource.key.to_string() == key);
    let keys = || desired.resources.iter().map(|resource| resource.key.to_string()).collect::<Vec<_>>().join("\n");
    &found.unwrap_or_else(|| panic!("no {key} among\n{}", keys())).properties
}

/// As [`find`], as the struct of its kind.
pub(crate) fn get<'a, K>(desired: &'a Desired, key: &str) -> &'a K
where
    &'a K: TryFrom<&'a Properties, Error = Kind>,
{
    <&K>::try_from(find(desired, key)).unwrap_or_else(|kind| panic!("{key} is of the kind {kind}"))
}

/// Names of all resources of a kind.
pub(crate) fn names(desired: &Desired, kind: Kind) -> Vec<&str> {
    let of_kind = desired.resources.iter().filter(|resource| resource.key.kind == kind);
    of_kind.map(|resource| resource.key.name.as_str()).collect()
}
