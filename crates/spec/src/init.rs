//! New manifests from a few choices, valid for kops as well.
//!
//! What is not chosen gets what kops would give a new cluster, except where one outage would take it down: three zones get
//! three control planes. The result is read back by the reader of this crate, so that a manifest which it would refuse
//! never reaches a person.

mod groups;
mod network;
mod options;

use std::sync::Arc;

use kedge_diag::{Diagnostics, Severity, Source};
use serde_json::{Map, Value, json};

pub use options::{DnsChoice, InitError, InitOptions, LoadBalancerChoice, NetworkChoice, TopologyChoice};

use crate::document::CLUSTER_LABEL;
use crate::manifests::{ParseOptions, ResolveOptions, parse};
use options::Checked;

/// Manifests of a new cluster, as one YAML text: the cluster, its groups, and the SSH key if one was given.
///
/// # Errors
/// Every choice that cannot be met, under the option that makes it, such as `--zones`.
pub fn init(options: &InitOptions) -> Result<String, InitError> {
    let choices = Checked::new(options)?;
    let mut documents = vec![document("Cluster", &options.name, None, cluster(&choices))];
    for (name, spec) in groups::groups(&choices) {
        documents.push(document("InstanceGroup", &name, Some(&options.name), spec));
    }
    if let Some(key) = &options.ssh_public_key {
        documents.push(document("SSHCredential", "admin", Some(&options.name), json!({"publicKey": key.trim()})));
    }
    let text = crate::yaml::write(&documents);
    read_back(&text)?;
    Ok(text)
}

fn document(kind: &str, name: &str, cluster: Option<&str>, spec: Value) -> Value {
    let mut metadata = json!({"name": name});
    if let (Some(cluster), Some(fields)) = (cluster, metadata.as_object_mut()) {
        fields.insert("labels".to_owned(), json!({CLUSTER_LABEL: cluster}));
    }
    json!({"apiVersion": "kops.k8s.io/v1alpha2", "kind": kind, "metadata": metadata, "spec": spec})
}

fn cluster(choices: &Checked<'_>) -> Value {
    let options = choices.options;
    let mut spec = Map::new();
    let mut set = |key: &str, value: Value| {
        spec.insert(key.to_owned(), value);
    };
    set("api", api(choices));
    set("authorization", json!({"rbac": {}}));
    set("channel", json!("stable"));
    set("cloudProvider", json!("aws"));
    if let Some(store) = &options.state_store {
        set("configBase", json!(format!("{}/{}", store.trim_end_matches('/'), options.name)));
    }
    if let Some(zone) = &options.dns_zone {
        set("dnsZone", json!(zone));
    }
    if !options.cloud_labels.is_empty() {
        set("cloudLabels", json!(options.cloud_labels));
    }
    set("etcdClusters", groups::etcd_clusters(choices));
    set("iam", json!({"allowContainerRegistry": true, "legacy": false}));
    if choices.replaces_kube_proxy() {
        set("kubeProxy", json!({"enabled": false}));
    }
    set("kubelet", json!({"anonymousAuth": false}));
    set("kubernetesApiAccess", json!(choices.admin_access()));
    set("kubernetesVersion", json!(options.kubernetes_version.trim_start_matches('v')));
    set("networkCIDR", json!(choices.network_cidr.to_string()));
    if let Some(vpc) = &options.network_id {
        set("networkID", json!(vpc));
    }
    set("networking", choices.networking());
    set("nonMasqueradeCIDR", json!(choices.non_masquerade_cidr()));
    set("sshAccess", json!(choices.admin_access()));
    set("subnets", network::subnets(choices));
    set("topology", topology(choices));
    spec.into()
}

fn api(choices: &Checked<'_>) -> Value {
    match choices.load_balancer() {
        None => json!({"dns": {}}),
        Some(LoadBalancerChoice::Public) => json!({"loadBalancer": {"class": "Network", "type": "Public"}}),
        Some(LoadBalancerChoice::Internal) => json!({"loadBalancer": {"class": "Network", "type": "Internal"}}),
    }
}

fn topology(choices: &Checked<'_>) -> Value {
    let options = choices.options;
    let dns = match options.dns {
        DnsChoice::Public => "Public",
        DnsChoice::Private => "Private",
        DnsChoice::None => "None",
    };
    let mut topology = json!({"dns": {"type": dns}});
    if let (true, DnsChoice::Public | DnsChoice::Private, Some(fields)) =
        (options.bastion, options.dns, topology.as_object_mut())
    {
        let name = format!("bastion.{}", options.name);
        fields.insert("bastion".to_owned(), json!({"bastionPublicName": name}));
    }
    topology
}

/// Reads the text as any other manifest. What is wrong has no place that the person wrote, so the path has to do.
fn read_back(text: &str) -> Result<(), InitError> {
    let source = Source { name: "the new manifest".to_owned(), text: text.to_owned() };
    let (manifests, mut problems) = parse(&[Arc::new(source)], &ParseOptions::default());
    let (_, further) = manifests.resolve(&ResolveOptions::default());
    problems.extend(further);
    let mut errors = Diagnostics::default();
    for problem in problems.sorted().into_iter().filter(|problem| problem.severity == Severity::Error) {
        let mut problem = problem.clone();
        problem.span = None;
        errors.push(problem);
    }
    if errors.is_empty() { Ok(()) } else { Err(InitError(errors)) }
}

#[cfg(test)]
mod tests;
