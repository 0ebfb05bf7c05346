//! etcd clusters with the defaults of their volumes.

use kedge_diag::Diagnostic;

use super::Report;
use crate::resolved::{EtcdCluster, EtcdMember};
use crate::v1alpha2::cluster::ClusterSpec;

/// Volume type where nothing else is said.
pub(super) const VOLUME_TYPE: &str = "gp3";
const VOLUME_SIZE: i32 = 20;

/// The etcd clusters of a cluster, in the order of the manifest.
pub(super) fn clusters(report: &mut Report<'_>, spec: &ClusterSpec) -> Vec<EtcdCluster> {
    let mut clusters = Vec::new();
    for (at, raw) in spec.etcd_clusters.iter().enumerate() {
        let mut members = Vec::new();
        for (member_at, member) in raw.etcd_members.iter().enumerate() {
            let path = format!("spec.etcdClusters[{at}].etcdMembers[{member_at}]");
            for (field, value) in [("name", Some(&member.name)), ("instanceGroup", member.instance_group.as_ref())] {
                if value.is_none_or(String::is_empty) {
                    report.push(
                        &format!("{path}.{field}"),
                        Diagnostic::error(
                            "etcd-member",
                            "etcd member is not complete",
                            format!("member {member_at} of `{}` has no `{field}`", raw.name),
                        )
                        .hint("a member has a name, such as `a`, and the name of a control plane group"),
                    );
                }
            }
            members.push(EtcdMember {
                name: member.name.clone(),
                instance_group: member.instance_group.clone().unwrap_or_default(),
                volume_type: member.volume_type.clone().unwrap_or_else(|| VOLUME_TYPE.to_owned()),
                volume_size: member.volume_size.unwrap_or(VOLUME_SIZE),
                volume_iops: member.volume_iops,
                volume_throughput: member.volume_throughput,
                encrypted: member.encrypted_volume.unwrap_or(false),
                kms_key_id: member.kms_key_id.clone(),
            });
        }
        clusters.push(EtcdCluster { name: raw.name.clone(), members });
    }
    clusters
}
