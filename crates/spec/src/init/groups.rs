//! Instance groups and etcd clusters.

use serde_json::{Map, Value, json};

use super::network::{subnet_of_control_plane, subnet_of_nodes, utility_subnet};
use super::options::{Checked, NetworkChoice};

/// Machine type of bastions, which only pass connections on.
const BASTION_SIZE: &str = "t3.micro";

/// Names and specifications of all groups.
pub(super) fn groups(choices: &Checked<'_>) -> Vec<(String, Value)> {
    let options = choices.options;
    let mut groups = Vec::new();
    for (at, zone) in choices.control_planes.iter().enumerate() {
        let subnet = subnet_of_control_plane(choices, zone);
        let spec = group(choices, "Master", &options.control_plane_size, 1, vec![subnet]);
        groups.push((control_plane_name(choices, at), spec));
    }
    let zones = options.zones.len();
    let count = options.node_count.unwrap_or(zones);
    for (at, zone) in options.zones.iter().enumerate() {
        // The first zones get what does not divide.
        let nodes = count / zones + usize::from(at < count % zones);
        if nodes > 0 {
            let spec = group(choices, "Node", &options.node_size, nodes, vec![subnet_of_nodes(zone).to_owned()]);
            groups.push((format!("nodes-{zone}"), spec));
        }
    }
    if options.bastion {
        let subnets = choices.zones().iter().map(|zone| utility_subnet(zone)).collect();
        groups.push(("bastions".to_owned(), group(choices, "Bastion", BASTION_SIZE, 1, subnets)));
    }
    groups
}

fn group(choices: &Checked<'_>, role: &str, machine_type: &str, size: usize, subnets: Vec<String>) -> Value {
    let image = choices.options.image.clone().unwrap_or_else(|| image(machine_type));
    let mut spec = Map::new();
    spec.insert("image".to_owned(), image.into());
    // Tokens are asked for by default; nodes whose pods share their network need no second hop.
    spec.insert("instanceMetadata".to_owned(), json!({"httpPutResponseHopLimit": 1, "httpTokens": "required"}));
    spec.insert("machineType".to_owned(), machine_type.into());
    spec.insert("maxSize".to_owned(), size.into());
    spec.insert("minSize".to_owned(), size.into());
    spec.insert("role".to_owned(), role.into());
    spec.insert("subnets".to_owned(), json!(subnets));
    spec.into()
}

/// An Ubuntu for the processors of a machine type.
fn image(machine_type: &str) -> String {
    let architecture = if is_arm(machine_type) { "arm64" } else { "amd64" };
    format!("ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/{architecture}/hvm/ebs-gp3/ami-id")
}

/// Whether a machine type has ARM processors: after the generation comes a `g`, as in `m7gd.large`, except in the first
/// generation.
fn is_arm(machine_type: &str) -> bool {
    let family = machine_type.split(['.', ',']).next().unwrap_or_default();
    let after =
        family.trim_start_matches(|c: char| c.is_ascii_lowercase()).trim_start_matches(|c: char| c.is_ascii_digit());
    family == "a1" || after.starts_with('g')
}

/// Name of a control plane group: with a number where a zone has several.
fn control_plane_name(choices: &Checked<'_>, at: usize) -> String {
    let zone = choices.control_planes.get(at).copied().unwrap_or_default();
    let of_zone = choices.control_planes.iter().filter(|other| **other == zone).count();
    let earlier = choices.control_planes.iter().take(at).filter(|other| **other == zone).count();
    if of_zone > 1 { format!("control-plane-{zone}-{}", earlier + 1) } else { format!("control-plane-{zone}") }
}

/// etcd clusters with a member in each control plane.
pub(super) fn etcd_clusters(choices: &Checked<'_>) -> Value {
    let members: Vec<Value> = choices
        .control_planes
        .iter()
        .enumerate()
        .zip('a'..='z')
        .map(|((at, _), letter)| {
            json!({
                "encryptedVolume": true, "instanceGroup": control_plane_name(choices, at), "name": letter.to_string(),
            })
        })
        .collect();
    let mut names = vec!["main", "events"];
    if choices.options.networking == NetworkChoice::CiliumEtcd {
        names.push("cilium");
    }
    names.into_iter().map(|name| json!({"etcdMembers": members, "name": name})).collect()
}

#[cfg(test)]
mod tests {
    use super::is_arm;

    #[test]
    fn machine_types_say_what_processors_they_have() {
        for name in ["a1.large", "t4g.small", "m7gd.large", "c6gn.large", "g5g.xlarge", "x2gd.large", "im4gn.large"] {
            assert!(is_arm(name), "{name}");
        }
        for name in ["t3.medium", "m6i.large", "g4dn.xlarge", "p4d.24xlarge", "m5.large", "g5.xlarge", "i4i.large"] {
            assert!(!is_arm(name), "{name}");
        }
    }
}
