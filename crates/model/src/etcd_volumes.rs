//! Volumes of etcd members, which outlive the instances that use them.

use std::collections::BTreeSet;

use kedge_diag::Diagnostic;
use kedge_resource::kind::Volume;
use kedge_resource::tags::{NAME_TAG, ownership_key};
use kedge_resource::{Tags, tags::CLUSTER_TAG};
use kedge_spec::resolved::{EtcdCluster, EtcdMember};

use crate::instance_groups::performance;
use crate::lowering::Lowering;
use crate::{names, tags};

/// Makes a volume for each member of each etcd cluster.
pub(crate) fn lower(lowering: &mut Lowering<'_>) {
    for (cluster_index, etcd) in lowering.cluster.etcd_clusters.iter().enumerate() {
        for (member_index, member) in etcd.members.iter().enumerate() {
            let zones = zones(lowering, &member.instance_group);
            let mut zones = zones.into_iter();
            match (zones.next(), zones.next()) {
                (Some(zone), None) => add_volume(lowering, etcd, member, zone),
                _ => {
                    let path = format!("spec.etcdClusters[{cluster_index}].etcdMembers[{member_index}].instanceGroup");
                    let detail = format!(
                        "the volume of member {} of etcd cluster {} stands in the zone of group {}, which is not in one \
                         zone",
                        member.name, etcd.name, member.instance_group
                    );
                    let diagnostic =
                        Diagnostic::error("no-zone-for-etcd-volume", "no place for an etcd volume", detail)
                            .hint("give each member a control plane group with subnets in one zone");
                    lowering.report_cluster(&path, diagnostic);
                }
            }
        }
    }
}

/// The zones that a group's instances can be in.
fn zones<'a>(lowering: &Lowering<'a>, group: &str) -> BTreeSet<&'a str> {
    let Some(group) = lowering.spec.groups.iter().find(|one| one.name == group) else {
        return BTreeSet::new();
    };
    let of_subnets = group.subnets.iter().filter_map(|name| lowering.subnet(name)).map(|subnet| subnet.zone);
    of_subnets.chain(group.zones.iter().map(String::as_str)).filter(|zone| !zone.is_empty()).collect()
}

fn add_volume(lowering: &mut Lowering<'_>, etcd: &EtcdCluster, member: &EtcdMember, zone: &str) {
    let name = names::etcd_volume(&member.name, &etcd.name, lowering.name());
    let (iops, throughput) = performance(&member.volume_type, member.volume_iops, member.volume_throughput);
    let volume = Volume {
        availability_zone: zone.to_owned(),
        size: member.volume_size,
        volume_type: member.volume_type.clone(),
        iops,
        throughput,
        encrypted: member.encrypted,
        kms_key_id: member.kms_key_id.clone(),
        tags: volume_tags(lowering, etcd, member, &name),
    };
    lowering.add(name, volume);
}

/// Tags by which control planes find their volumes: no label of the manifest may change those.
fn volume_tags(lowering: &Lowering<'_>, etcd: &EtcdCluster, member: &EtcdMember, name: &str) -> Tags {
    let cluster = lowering.name();
    let mut result = lowering.cluster.cloud_labels.clone();
    let members: BTreeSet<&str> = etcd.members.iter().map(|member| member.name.as_str()).collect();
    let members: Vec<&str> = members.into_iter().collect();
    result.set(format!("{}{}", tags::ETCD, etcd.name), format!("{}/{}", member.name, members.join(",")));
    result.set(format!("{}control-plane", tags::ROLE), "1");
    result.set(format!("{}master", tags::ROLE), "1");
    result.set(ownership_key(cluster), "owned");
    result.set(CLUSTER_TAG, cluster.as_str());
    result.set(NAME_TAG, name);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn volumes_stand_in_the_zone_of_their_group_and_name_all_members() {
        let mut spec = testing::minimal();
        spec.cluster.etcd_clusters[0].members.insert(0, testing::etcd_member("z", "control-plane"));
        let desired = testing::lower(&spec);
        let volume: &Volume = testing::get(&desired, "volume/a.etcd-main.test.example.com");
        assert_eq!(volume.availability_zone, "us-test-1a");
        assert_eq!((volume.size, volume.iops, volume.throughput), (20, Some(3000), Some(125)));
        assert_eq!(volume.tags.get("k8s.io/etcd/main"), Some("a/a,z"));
        assert_eq!(volume.tags.get("k8s.io/role/master"), Some("1"));
    }

    #[test]
    fn volumes_have_the_numbers_of_their_type_and_the_key_of_the_manifest() {
        let mut spec = testing::minimal();
        let mut volume = |volume_type: &str, iops, throughput| {
            let member = &mut spec.cluster.etcd_clusters[0].members[0];
            member.volume_type = volume_type.to_owned();
            (member.volume_iops, member.volume_throughput) = (iops, throughput);
            (member.encrypted, member.kms_key_id) = (true, Some("arn:key".to_owned()));
            testing::get::<Volume>(&testing::lower(&spec), "volume/a.etcd-main.test.example.com").clone()
        };
        let numbers = |volume: &Volume| (volume.iops, volume.throughput);
        assert_eq!(numbers(&volume("io1", Some(50), None)), (Some(100), None));
        assert_eq!(numbers(&volume("io2", Some(4000), Some(500))), (Some(4000), None));
        assert_eq!(numbers(&volume("gp2", Some(4000), Some(500))), (None, None));
        assert_eq!(numbers(&volume("gp3", Some(5000), Some(300))), (Some(5000), Some(300)));
        let volume = volume("gp3", None, None);
        assert_eq!((volume.encrypted, volume.kms_key_id.as_deref()), (true, Some("arn:key")));
    }

    #[test]
    fn a_group_in_two_zones_has_no_place_for_a_volume() {
        let mut spec = testing::minimal();
        spec.groups[0].zones = vec!["us-test-1b".to_owned()];
        let problems = testing::problems(&spec, &testing::facts());
        assert_eq!(
            problems[0],
            "no-zone-for-etcd-volume at Cluster/test.example.com: spec.etcdClusters[0].etcdMembers[0].instanceGroup"
        );
    }
}
