//! What kops does without a word and a person may not expect. kedge does the same, and says so with the plan.

use kedge_resource::plan::Severity;
use kedge_resource::{Kind, ResourceKey};
use kedge_spec::resolved::Role;

use crate::lowering::Lowering;
use crate::names;

/// Adds a remark for each that concerns this cluster.
pub(super) fn remark(lowering: &mut Lowering<'_>) {
    bastion(lowering);
    permissions(lowering);
    existing_security_groups(lowering);
    kept_volumes(lowering);
    managed_tag(lowering);
}

fn bastion(lowering: &mut Lowering<'_>) {
    if !lowering.has(Role::Bastion) || lowering.cluster.ssh_access.is_empty() {
        return;
    }
    let key = ResourceKey::new(Kind::SecurityGroup, names::load_balancer_security_group("bastion", lowering.name()));
    lowering.note(
        Severity::Info,
        "ssh-through-bastion",
        "with a bastion, sshAccess opens port 22 of the bastion's load balancer only, not of other instances; the subnets \
         that the load balancer can stand in may connect as well",
        Some(key),
    );
}

fn permissions(lowering: &mut Lowering<'_>) {
    let cluster = lowering.cluster;
    let handler = &cluster.termination_handler;
    if cluster.iam.service_account_roles && handler.enabled && !handler.queue {
        let text = "the role of the termination handler may read queues, although it uses none";
        lowering.note(Severity::Info, "permissions-without-queue", text, None);
    }
}

fn existing_security_groups(lowering: &mut Lowering<'_>) {
    let groups = lowering.spec.groups.iter().filter_map(|group| group.security_group_override.as_deref());
    let of_api = lowering.cluster.api.load_balancer.as_ref().and_then(|it| it.security_group_override.as_deref());
    let ids: std::collections::BTreeSet<&str> = groups.chain(of_api).collect();
    for id in ids {
        let text = format!(
            "{id} exists already, and gets the cluster's rules beside its own, among them everything out; rules that it has \
             stay"
        );
        lowering.note(Severity::Info, "rules-of-existing-group", text, None);
    }
}

fn kept_volumes(lowering: &mut Lowering<'_>) {
    for group in lowering.spec.groups.iter().filter(|group| !group.karpenter) {
        for volume in group.volumes.iter().filter(|volume| !volume.delete_on_termination) {
            let text = format!(
                "{} of {} stays when its instance goes, and no later instance uses it: somebody has to delete it",
                volume.device, group.name
            );
            let key = ResourceKey::new(Kind::LaunchTemplate, names::group(group, lowering.name()));
            lowering.note(Severity::Info, "volume-stays", text, Some(key));
        }
    }
}

fn managed_tag(lowering: &mut Lowering<'_>) {
    let cluster = lowering.cluster;
    let handler = &cluster.termination_handler;
    let tag = handler.managed_asg_tag.as_str();
    let taken = tag == "Name" || cluster.cloud_labels.get(tag).is_some();
    if handler.enabled && handler.queue && taken {
        let text =
            format!("managedASGTag {tag} is a tag with another meaning, and keeps its value on groups and instances");
        lowering.note(Severity::Info, "managed-tag-taken", text, None);
    }
}
