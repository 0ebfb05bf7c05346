//! Where the manifests decide about a resource: for remarks that are shown at a line of a manifest.

use kedge_diag::Span;
use kedge_resource::{Change, Kind, Position, ResourceKey};
use kedge_spec::ResolvedSpec;

use crate::manifests::Specification;

impl Specification {
    /// The place in the manifests that decides about a resource: the instance group, the subnet or the etcd member that it is
    /// made for, else the field of the cluster that it follows from, else the name of the cluster.
    #[must_use]
    pub fn place_of(&self, key: &ResourceKey) -> Option<Position> {
        self.place(key, None)
    }

    /// The name of the cluster.
    #[must_use]
    pub fn place_of_cluster(&self) -> Option<Position> {
        let cluster = self.cluster();
        self.manifests.place(cluster, &format!("Cluster/{cluster}"), "").map(|span| position(&span))
    }

    /// As [`Self::place_of`], for a change: where a field of the manifest decides what changes, that field.
    #[must_use]
    pub fn place_of_change(&self, change: &Change) -> Option<Position> {
        let fields = &change.fields;
        let telling = fields.iter().find(|field| field.forces_replacement).or_else(|| fields.first());
        // A duplicate has its id behind its name.
        let key = change.before.as_ref().map_or(&change.key, |before| &before.key);
        self.place(key, telling.map(|field| field.property()))
    }

    fn place(&self, key: &ResourceKey, property: Option<&str>) -> Option<Position> {
        let cluster = self.cluster();
        let place = |label: &str, field: &str| self.manifests.place(cluster, label, field).map(|span| position(&span));
        let whole = format!("Cluster/{cluster}");
        if let Some(group) = group_of(&self.resolved, key) {
            let field = property.and_then(group_field).unwrap_or_default();
            if let Some(found) = place(&format!("InstanceGroup/{group}"), field) {
                return Some(found);
            }
        }
        place(&whole, &cluster_field(&self.resolved, key).unwrap_or_default())
    }
}

/// Where a span begins.
#[must_use]
pub fn position(span: &Span) -> Position {
    let (line, column) = span.line_column();
    Position { path: span.source.name.clone(), line, column }
}

/// The instance group that a resource is made for.
fn group_of<'a>(spec: &'a ResolvedSpec, key: &ResourceKey) -> Option<&'a str> {
    let name = match key.kind {
        Kind::StoreObject => {
            let group = key.name.strip_prefix("nodes/")?.strip_suffix("/config")?;
            return spec.groups.iter().find(|known| known.name == group).map(|known| known.name.as_str());
        }
        Kind::LaunchTemplate | Kind::AutoScalingGroup | Kind::LifecycleHook | Kind::WarmPool => first_word(key),
        _ => return None,
    };
    let name = name.strip_suffix(spec.cluster.name.as_str())?.strip_suffix('.')?;
    let bare = [".masters", ".apiservers"].iter().find_map(|role| name.strip_suffix(role));
    let names = |wanted: &str| spec.groups.iter().find(|group| group.name == wanted).map(|group| group.name.as_str());
    names(name).or_else(|| bare.and_then(names))
}

/// The field of an instance group that a property of its resources follows from.
fn group_field(property: &str) -> Option<&'static str> {
    Some(match property {
        "InstanceType" => "spec.machineType",
        "ImageId" => "spec.image",
        "MinSize" => "spec.minSize",
        "MaxSize" => "spec.maxSize",
        "UserData" => "spec.additionalUserData",
        "BlockDeviceMappings" => "spec.rootVolume",
        "MetadataOptions" => "spec.instanceMetadata",
        "MixedInstancesPolicy" => "spec.mixedInstancesPolicy",
        "InstanceMarketOptions" => "spec.maxPrice",
        "Subnets" => "spec.subnets",
        "Tags" | "TagSpecifications" => "spec.cloudLabels",
        _ => return None,
    })
}

/// The field of the cluster that a resource follows from.
fn cluster_field(spec: &ResolvedSpec, key: &ResourceKey) -> Option<String> {
    let cluster = &spec.cluster;
    let name = first_word(key).strip_suffix(cluster.name.as_str()).and_then(|name| name.strip_suffix('.'));
    let subnet_at = |at: usize| format!("spec.subnets[{at}]");
    let subnets = &cluster.network.subnets;
    let of_zone = |zone: &str| subnets.iter().position(|subnet| subnet.zone.as_deref() == Some(zone)).map(subnet_at);
    match key.kind {
        Kind::Vpc => Some("spec.networkCIDR".to_owned()),
        Kind::VpcCidrBlock => Some("spec.additionalNetworkCIDRs".to_owned()),
        Kind::Subnet | Kind::RouteTableAssociation => {
            let name = name?;
            subnets.iter().position(|subnet| subnet.name == name).map(subnet_at)
        }
        Kind::NatGateway | Kind::ElasticIp => of_zone(name?),
        Kind::RouteTable | Kind::Route => {
            let name = name?;
            of_zone(name.strip_prefix("private-").or_else(|| name.strip_prefix("public-"))?)
        }
        Kind::Volume => name.and_then(|name| etcd_member(spec, name)),
        Kind::SecurityGroupRule => access(&key.name).map(str::to_owned),
        Kind::LoadBalancer | Kind::Listener if name == Some("bastion") => Some("spec.topology.bastion".to_owned()),
        Kind::LoadBalancer | Kind::Listener | Kind::TargetGroup => Some("spec.api.loadBalancer".to_owned()),
        Kind::RecordSet | Kind::HostedZoneAssociation => Some("spec.topology.dns".to_owned()),
        Kind::Role | Kind::RolePolicy | Kind::PolicyAttachment => Some("spec.iam".to_owned()),
        Kind::KeyPair => Some("spec.sshKeyName".to_owned()),
        _ => None,
    }
}

/// The path of the etcd member whose volume has this name, without the cluster's: `a.etcd-main`.
fn etcd_member(spec: &ResolvedSpec, name: &str) -> Option<String> {
    spec.cluster.etcd_clusters.iter().enumerate().find_map(|(at, etcd)| {
        let suffix = format!(".etcd-{}", etcd.name);
        let member = name.strip_suffix(&suffix)?;
        let member = etcd.members.iter().position(|candidate| candidate.name == member)?;
        Some(format!("spec.etcdClusters[{at}].etcdMembers[{member}]"))
    })
}

/// The list of sources that a rule from outside follows from.
fn access(rule: &str) -> Option<&'static str> {
    let (_, rule) = rule.split_once(' ')?;
    match rule.split_once(" from ")?.0 {
        "tcp 22" => Some("spec.sshAccess"),
        "tcp 443" => Some("spec.kubernetesApiAccess"),
        _ => None,
    }
}

/// The name of what a resource is, or belongs to.
fn first_word(key: &ResourceKey) -> &str {
    key.name.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kedge_diag::Source;

    use super::*;
    use crate::manifests::ManifestOptions;

    #[test]
    fn resources_lead_to_the_lines_that_they_follow_from() {
        let text = include_str!("../../../specs/private.yaml");
        let source = Arc::new(Source { name: "private.yaml".to_owned(), text: text.to_owned() });
        let specification = Specification::read(&[source], &ManifestOptions::default()).unwrap();
        let line = |key: &str| {
            let place = specification.place_of(&key.parse().unwrap()).unwrap();
            text.lines().nth(place.line - 1).unwrap().trim()
        };
        for (key, expected) in [
            ("vpc/private.example.com", "networkCIDR: 10.80.0.0/16"),
            ("subnet/us-east-1b.private.example.com", "- name: us-east-1b"),
            ("subnet/utility-us-east-1c.private.example.com", "- name: utility-us-east-1c"),
            ("nat-gateway/us-east-1a.private.example.com", "- name: us-east-1a"),
            ("route/private-us-east-1c.private.example.com 0.0.0.0/0", "- name: us-east-1c"),
            ("auto-scaling-group/nodes.private.example.com", "name: nodes"),
            ("launch-template/control-plane-us-east-1a.masters.private.example.com", "name: control-plane-us-east-1a"),
            ("lifecycle-hook/batch.private.example.com batch-NTHLifecycleHook", "name: batch"),
            ("security-group-rule/bastion-elb.private.example.com tcp 22 from 203.0.113.0/24", "sshAccess:"),
            ("load-balancer/bastion.private.example.com", "bastion:"),
            // A group that is no longer there: the cluster.
            ("auto-scaling-group/gone.private.example.com", "name: private.example.com"),
        ] {
            assert_eq!(line(key), expected, "{key}");
        }
        let volume = specification.place_of(&"volume/b.etcd-events.private.example.com".parse().unwrap()).unwrap();
        assert_eq!(text.lines().nth(volume.line - 1).unwrap().trim(), "- name: b");
        assert!(volume.line > text.lines().position(|line| line.trim() == "- name: events").unwrap());
    }
}
