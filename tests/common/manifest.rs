//! Manifests to test with, as values.

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
        let mut documents = vec![self.cluster()];
        for n in 0..self.control_planes {
            let zone = zone(n % self.zones);
            documents.push(self.group(&format!("control-plane-{n}"), "Master", "t3.medium", (1, 1), &[zone]));
        }
        let zones: Vec<String> = (0..self.zones).map(zone).collect();
        for (n, group) in self.node_groups.iter().enumerate() {
            let size = (group.min, group.max);
            let mut document = self.group(&format!("nodes-{n}"), "Node", group.machine_type, size, &zones);
            if group.spot {
                document += "  maxPrice: \"0.1\"\n";
            }
            documents.push(document);
        }
        if self.bastion {
            let prefix = if self.private { "utility-" } else { "" };
            let subnets: Vec<String> = zones.iter().map(|zone| format!("{prefix}{zone}")).collect();
            documents.push(self.group("bastions", "Bastion", "t3.micro", (1, 1), &subnets));
        }
        documents.join("---\n")
    }

    fn cluster(&self) -> String {
        let Self { name, networking, ssh, dns, .. } = self;
        let api = if self.load_balancer { "loadBalancer: {type: Public, class: Network}" } else { "dns: {}" };
        let member = |n| format!("{{name: m{n}, instanceGroup: control-plane-{n}, encryptedVolume: true}}");
        let members = (0..self.control_planes).map(member).collect::<Vec<_>>().join(", ");
        let subnets = (0..self.zones).map(|n| self.subnets(n)).collect::<String>();
        let labels = self.label.map(|label| format!("  cloudLabels: {{team: {label}}}\n")).unwrap_or_default();
        format!(
            "apiVersion: kops.k8s.io/v1alpha2
kind: Cluster
metadata:
  name: {name}
spec:
  api:
    {api}
  cloudProvider: aws
  channel: stable
  configBase: s3://state/{name}
  etcdClusters:
  - name: main
    etcdMembers: [{members}]
  - name: events
    etcdMembers: [{members}]
  kubernetesApiAccess: [0.0.0.0/0]
  kubernetesVersion: 1.34.0
  networkCIDR: 172.20.0.0/16
  networking:
    {networking}
  nonMasqueradeCIDR: 100.64.0.0/10
  sshAccess: [{ssh}]
  subnets:
{subnets}{labels}  topology: {{dns: {{type: {dns}}}}}
"
        )
    }

    fn subnets(&self, n: usize) -> String {
        let zone = zone(n);
        let kind = if self.private { "Private" } else { "Public" };
        let main = format!("  - {{name: {zone}, zone: {zone}, type: {kind}, cidr: 172.20.{}.0/19}}\n", 32 * (n + 1));
        if !self.private {
            return main;
        }
        main + &format!("  - {{name: utility-{zone}, zone: {zone}, type: Utility, cidr: 172.20.{}.0/22}}\n", 4 * n)
    }

    fn group(&self, name: &str, role: &str, machine: &str, (min, max): (u32, u32), subnets: &[String]) -> String {
        let Self { name: cluster, image, .. } = self;
        let subnets = subnets.join(", ");
        format!(
            "apiVersion: kops.k8s.io/v1alpha2
kind: InstanceGroup
metadata:
  name: {name}
  labels: {{kops.k8s.io/cluster: {cluster}}}
spec:
  image: {image}
  machineType: {machine}
  minSize: {min}
  maxSize: {max}
  role: {role}
  subnets: [{subnets}]
"
        )
    }
}

/// A zone of us-east-1.
fn zone(n: usize) -> String {
    let letter = ["a", "b", "c"].get(n).expect("three zones at most");
    format!("us-east-1{letter}")
}
