//! What of a new version of Kubernetes has an order that a plan cannot keep: instances are replaced after it.

use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Desired, Inventory, Properties};
use serde::Deserialize;

use super::note;

/// The part of a group's configuration that is read here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    kubernetes_version: String,
}

/// Remarks about configurations that are replaced by those of another minor version of Kubernetes.
pub(crate) fn upgrade_notes(desired: &Desired, inventory: &Inventory) -> Vec<Note> {
    let steps = desired.resources.iter().filter_map(|resource| {
        let before = inventory.resources.iter().find(|observed| observed.key == resource.key)?;
        Some((minor(&before.properties)?, minor(&resource.properties)?))
    });
    // Of groups that were left at different versions the oldest tells.
    let Some((from, to)) = steps.filter(|(from, to)| from != to).min() else { return Vec::new() };
    let said = |(major, minor): (u32, u32)| format!("{major}.{minor}");
    let (old, new) = (said(from), said(to));
    let text = if to < from {
        format!(
            "Kubernetes goes back from {old} to {new}, which is not supported once a control plane has run {old}: go on only \
             if none has been replaced since {old} was applied"
        )
    } else if to.0 == from.0 && to.1 == from.1 + 1 {
        format!(
            "Kubernetes goes from {old} to {new}: replace the control planes first, one after the other, then the workers; until \
             all control planes run {new}, launch no workers (no scale-out), because a kubelet must not be newer than the API \
             server"
        )
    } else {
        format!(
            "Kubernetes goes from {old} to {new}, and neither it nor kubeadm can leave out a minor version: go to each one \
             between them, and replace all instances, before the next"
        )
    };
    vec![note(Severity::Warning, "kubernetes-minor", &text)]
}

/// Major and minor version of Kubernetes in the configuration of a group; none for other objects.
fn minor(properties: &Properties) -> Option<(u32, u32)> {
    let Properties::StoreObject(object) = properties else { return None };
    let config: Config = serde_json::from_str(object.content.as_deref()?).ok()?;
    let mut parts = config.kubernetes_version.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}
