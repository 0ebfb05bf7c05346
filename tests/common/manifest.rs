//! Manifests to test with: a few by hand, many by chance.

use std::fmt::Write as _;

use proptest::prelude::*;

/// A manifest as a value, so that a test can change one thing and write it again.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) zones: usize,
    pub(crate) private: bool,
    pub(crate) bastion: bool,
    pub(crate) load_balancer: bool,
    pub(crate) dns: &'static str,
    pub(crate) networking: &'static str,
    pub(crate) control_planes: usize,
    pub(crate) node_groups: Vec<NodeGroup>,
    pub(crate) ssh: &'static str,
    pub(crate) label: Option<&'static str>,
    pub(crate) image: String,
}

/// A group of nodes.
#[derive(Clone, Debug)]
pub(crate) struct NodeGroup {
    pub(crate) machine_type: &'static str,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) spot: bool,
}

/// The image of the default sandbox account and of the test server.
pub(crate) const IMAGE: &str = "099720109477/ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260714";

impl Shape {
    /// One zone, public, one control plane, one group.
    pub(crate) fn small(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            zones: 1,
            private: false,
            bastion: false,
            load_balancer: true,
            dns: "Public",
            networking: "cni: {}",
            control_planes: 1,
            node_groups: vec![NodeGroup { machine_type: "t3.medium", min: 1, max: 2, spot: false }],
            ssh: "10.0.0.0/8",
            label: None,
            image: IMAGE.to_owned(),
        }
    }

    /// The manifest's text.
    pub(crate) fn yaml(&self) -> String {
        let mut out = String::new();
        let zone = |n: usize| format!("us-east-1{}", ["a", "b", "c"][n % 3]);
        let api = if self.load_balancer { "loadBalancer: {type: Public, class: Network}" } else { "dns: {}" };
        write!(
            out,
            "apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nmetadata:\n  name: {name}\nspec:\n  api:\n    {api}\n  \
             cloudProvider: aws\n  channel: stable\n  configBase: s3://state/{name}\n  etcdClusters:\n",
            name = self.name,
        )
        .unwrap();
        for etcd in ["main", "events"] {
            write!(out, "  - name: {etcd}\n    etcdMembers:\n").unwrap();
            for n in 0..self.control_planes {
                write!(out, "    - name: m{n}\n      instanceGroup: control-plane-{n}\n      encryptedVolume: true\n")
                    .unwrap();
            }
        }
        write!(
            out,
            "  kubernetesApiAccess: [0.0.0.0/0]\n  kubernetesVersion: 1.34.0\n  networkCIDR: 172.20.0.0/16\n  \
             networking:\n    {}\n  nonMasqueradeCIDR: 100.64.0.0/10\n  sshAccess: [{}]\n  subnets:\n",
            self.networking, self.ssh
        )
        .unwrap();
        for n in 0..self.zones {
            let kind = if self.private { "Private" } else { "Public" };
            let zone = zone(n);
            write!(out, "  - {{name: {zone}, zone: {zone}, type: {kind}, cidr: 172.20.{}.0/19}}\n", 32 * (n + 1))
                .unwrap();
            if self.private {
                write!(out, "  - {{name: utility-{zone}, zone: {zone}, type: Utility, cidr: 172.20.{}.0/22}}\n", 4 * n)
                    .unwrap();
            }
        }
        if let Some(label) = self.label {
            write!(out, "  cloudLabels: {{team: {label}}}\n").unwrap();
        }
        write!(out, "  topology: {{dns: {{type: {}}}}}\n", self.dns).unwrap();
        for n in 0..self.control_planes {
            self.group(
                &mut out,
                &format!("control-plane-{n}"),
                "Master",
                "t3.medium",
                (1, 1),
                &[zone(n % self.zones)],
                "",
            );
        }
        let zones: Vec<String> = (0..self.zones).map(zone).collect();
        for (n, group) in self.node_groups.iter().enumerate() {
            let more = if group.spot { "  maxPrice: \"0.1\"\n" } else { "" };
            self.group(
                &mut out,
                &format!("nodes-{n}"),
                "Node",
                group.machine_type,
                (group.min, group.max),
                &zones,
                more,
            );
        }
        if self.bastion {
            let utility: Vec<String> =
                zones.iter().map(|zone| if self.private { format!("utility-{zone}") } else { zone.clone() }).collect();
            self.group(&mut out, "bastions", "Bastion", "t3.micro", (1, 1), &utility, "");
        }
        out
    }

    #[expect(clippy::too_many_arguments, reason = "one line of a manifest each")]
    fn group(
        &self,
        out: &mut String,
        name: &str,
        role: &str,
        machine: &str,
        (min, max): (u32, u32),
        subnets: &[String],
        more: &str,
    ) {
        write!(
            out,
            "---\napiVersion: kops.k8s.io/v1alpha2\nkind: InstanceGroup\nmetadata:\n  name: {name}\n  labels: \
             {{kops.k8s.io/cluster: {cluster}}}\nspec:\n  image: {image}\n  machineType: {machine}\n  minSize: {min}\n  \
             maxSize: {max}\n{more}  role: {role}\n  subnets: [{subnets}]\n",
            cluster = self.name,
            image = self.image,
            subnets = subnets.join(", "),
        )
        .unwrap();
    }
}

/// Shapes by chance: every combination of topology, access, plugin and groups that the manifests of small teams have.
pub(crate) fn shapes() -> impl Strategy<Value = Shape> {
    let group = (prop::sample::select(vec!["t3.medium", "m5.large", "c5.xlarge"]), 0u32..3, 0u32..3, any::<bool>())
        .prop_map(|(machine_type, min, more, spot)| NodeGroup { machine_type, min, max: min + more, spot });
    (
        1usize..=3,
        any::<[bool; 4]>(),
        prop::sample::select(vec![
            "cni: {}",
            "cilium: {}",
            "calico: {}",
            "amazonvpc: {}",
            "kindnet: {}",
            "flannel: {}",
        ]),
        prop::collection::vec(group, 1..4),
        prop::sample::select(vec!["10.0.0.0/8", "192.0.2.0/24, 2001:db8::/32", "0.0.0.0/0"]),
        prop::option::of(prop::sample::select(vec!["infra", "data"])),
    )
        .prop_map(|(zones, [private, bastion, load_balancer, public_dns], networking, node_groups, ssh, label)| {
            Shape {
                zones,
                private,
                bastion,
                load_balancer: load_balancer || private || !public_dns,
                dns: if public_dns { "Public" } else { "None" },
                networking,
                control_planes: if zones == 3 { 3 } else { 1 },
                node_groups,
                ssh,
                label,
                ..Shape::small("chance.example.com")
            }
        })
}
