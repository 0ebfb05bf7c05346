//! A small cluster in which fields are set, and the account that it fits.

use kedge_resource::Facts;
use kedge_spec::FieldEntry;
use serde_json::{Map, Value, json};

/// The manifests of one cluster. JSON is YAML.
#[derive(Clone, Debug)]
pub(crate) struct Manifests {
    /// Cluster, control plane, nodes, bastion, SSH credential.
    documents: [Value; 5],
}

const CLUSTER: usize = 0;
const CONTROL_PLANE: usize = 1;
const NODES: usize = 2;
const BASTION: usize = 3;
const CREDENTIAL: usize = 4;

const SSH_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f somebody@example.com";

impl Manifests {
    /// A cluster with private nodes, a load balancer and a bastion.
    pub(crate) fn new() -> Self {
        let group = |name: &str, role: &str, subnet: &str| {
            json!({
                "apiVersion": "kops.k8s.io/v1alpha2",
                "kind": "InstanceGroup",
                "metadata": {"name": name, "labels": {"kops.k8s.io/cluster": "test.example.com"}},
                "spec": {
                    "role": role, "image": "owner/image", "machineType": "t3.medium", "minSize": 1, "maxSize": 1,
                    "subnets": [subnet],
                },
            })
        };
        let etcd = |name: &str| json!({"name": name, "etcdMembers": [{"name": "a", "instanceGroup": "control-plane"}]});
        let cluster = json!({
            "apiVersion": "kops.k8s.io/v1alpha2",
            "kind": "Cluster",
            "metadata": {"name": "test.example.com"},
            "spec": {
                "cloudProvider": "aws",
                "kubernetesVersion": "1.34.0",
                "configBase": "s3://state/test.example.com",
                "api": {"loadBalancer": {"class": "Network", "type": "Public"}},
                "kubernetesApiAccess": ["0.0.0.0/0"],
                "sshAccess": ["0.0.0.0/0"],
                "networkCIDR": "10.0.0.0/16",
                "nonMasqueradeCIDR": "100.64.0.0/10",
                "networking": {"cni": {}},
                "etcdClusters": [etcd("main"), etcd("events")],
                "subnets": [
                    {"name": "private", "type": "Private", "zone": "us-east-1a", "cidr": "10.0.1.0/24"},
                    {"name": "utility", "type": "Utility", "zone": "us-east-1a", "cidr": "10.0.2.0/24"},
                    {"name": "other", "type": "Private", "zone": "us-east-1b", "cidr": "10.0.3.0/24", "egress": "tgw-1"},
                ],
            },
        });
        let credential = json!({
            "apiVersion": "kops.k8s.io/v1alpha2",
            "kind": "SSHCredential",
            "metadata": {"name": "admin", "labels": {"kops.k8s.io/cluster": "test.example.com"}},
            "spec": {"publicKey": SSH_KEY},
        });
        Self {
            documents: [
                cluster,
                group("control-plane", "Master", "private"),
                group("nodes", "Node", "private"),
                group("bastion", "Bastion", "utility"),
                credential,
            ],
        }
    }

    /// As one text.
    pub(crate) fn text(&self) -> String {
        let texts: Vec<String> =
            self.documents.iter().filter(|document| !document.is_null()).map(|document| document.to_string()).collect();
        texts.join("\n---\n")
    }

    /// Sets a field of the cluster, of the nodes or of the credential; lists get it in their first item.
    pub(crate) fn set(&mut self, field: &FieldEntry, value: Value) {
        let document = match field.kind {
            "Cluster" => CLUSTER,
            "InstanceGroup" => NODES,
            _ => CREDENTIAL,
        };
        // Lists and mappings of the last step stand in the value.
        let path = field.path.split(".<key>").next().unwrap();
        let path = path.strip_suffix("[]").unwrap_or(path);
        assign(&mut self.documents[document], path, value);
    }

    /// Sets what a place such as `nodes spec.maxPrice` names; null removes it.
    pub(crate) fn put(&mut self, place: &str, value: Value) {
        let (document, path) = place.split_once(' ').unwrap_or((place, ""));
        let document = match document {
            "cluster" => CLUSTER,
            "control-plane" => CONTROL_PLANE,
            "nodes" => NODES,
            "bastion" => BASTION,
            other => panic!("no document is called {other}"),
        };
        if path.is_empty() {
            self.documents[document] = value;
        } else {
            assign(&mut self.documents[document], path, value);
        }
    }
}

fn assign(at: &mut Value, path: &str, value: Value) {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    let (key, in_list) = step.strip_suffix("[]").map_or((step, false), |key| (key, true));
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    let entry = at.as_object_mut().unwrap().entry(key).or_insert(Value::Null);
    let target = if in_list {
        if !entry.is_array() {
            *entry = json!([null]);
        }
        &mut entry[0]
    } else {
        entry
    };
    match rest {
        Some(rest) => assign(target, rest, value),
        None => *target = value,
    }
}

/// An account in which the cluster can be.
pub(crate) fn facts() -> Facts {
    let image = |id: &str, name: &str| {
        json!({
            "id": id, "owner": "owner (123456789012)", "name": name, "rootDeviceName": "/dev/xvda",
            "architecture": "x86_64", "creationDate": "2026-01-01T00:00:00.000Z",
        })
    };
    let machine = |gpus: i32| json!({"vcpus": 2, "memoryMiB": 4096, "gpus": gpus, "architectures": ["x86_64"]});
    serde_json::from_value(json!({
        "region": "us-east-1",
        "partition": "aws",
        "accountId": "123456789012",
        "availabilityZones": ["us-east-1a", "us-east-1b"],
        "hostedZones": [
            {"id": "Z1", "name": "example.com", "private": false},
            {"id": "Z2", "name": "example.org", "private": false},
            {"id": "Z3", "name": "example.com", "private": true},
        ],
        "vpcs": [{
            "id": "vpc-1", "cidr": "10.0.0.0/16", "internetGateway": "igw-1", "egressOnlyInternetGateway": "eigw-1",
        }],
        "subnets": [{"id": "subnet-1", "vpc": "vpc-1", "zone": "us-east-1a", "cidr": "10.0.1.0/24"}],
        "addresses": [{"allocationId": "eipalloc-1", "publicIp": "192.0.2.1"}],
        "natGateways": [{"id": "nat-1", "subnet": "subnet-9"}],
        "instanceProfiles": [{"name": "mine"}],
        "images": [image("ami-1", "image"), image("ami-2", "other")],
        "instanceTypes": {"types": {"t3.medium": machine(0), "m5.large": machine(0), "g4dn.xlarge": machine(1)}},
    }))
    .unwrap()
}
