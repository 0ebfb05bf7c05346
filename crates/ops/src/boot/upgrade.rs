//! The order that a new version of Kubernetes has: control planes first.
//!
//! Instances are replaced after a plan, and any of them may be launched at any time. A kubelet must not be newer than an API server,
//! so the groups of workers stay at the minor version before until every control plane says that it runs the new one.

use std::collections::BTreeMap;
use std::time::Duration;

use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Desired, Inventory, Kind, Properties, ResourceKey};
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::Role;
use kedge_store::{ClusterStore, StoreError};
use serde::Deserialize;

use super::note;
use super::objects::Name;

/// After so much silence an instance is none that runs: statuses are renewed every ten minutes.
const SILENT: Duration = Duration::from_secs(20 * 60);

/// The part of a group's configuration that is read here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    kubernetes_version: String,
}

/// The versions that control planes of these groups say they run.
pub(super) async fn versions(store: &ClusterStore, groups: &[&str]) -> Result<Vec<String>, StoreError> {
    let statuses = store.nodes().await?.statuses.into_iter();
    // Workers may not write below groups of control planes.
    let of_control_planes = statuses.filter(|stored| groups.contains(&stored.status.group.as_str()));
    let running = of_control_planes.filter(|stored| stored.age.is_none_or(|age| age < SILENT));
    Ok(running.filter_map(|stored| stored.status.kubernetes).collect())
}

/// The groups of workers that would get another minor version of Kubernetes than they have, with the one that they have.
pub(crate) fn rising_workers(
    spec: &ResolvedSpec,
    desired: &Desired,
    inventory: &Inventory,
) -> BTreeMap<String, String> {
    let workers = spec.groups.iter().filter(|group| group.role == Role::Node);
    let rising = workers.filter_map(|group| {
        let key = ResourceKey::new(Kind::StoreObject, Name::Config(&group.name).name());
        let wanted = desired.resources.iter().find(|resource| resource.key == key)?;
        let before = inventory.resources.iter().find(|observed| observed.key == key)?;
        let (before, wanted) = (version(&before.properties)?, version(&wanted.properties)?);
        (minor(&before)? < minor(&wanted)?).then(|| (group.name.clone(), before))
    });
    rising.collect()
}

/// Whether all control planes are known to run this minor version or a later one; or nobody knows anything.
pub(crate) fn have_risen(versions: &[String], wanted: &str) -> bool {
    let wanted = minor(wanted);
    versions.iter().all(|version| minor(version) >= wanted)
}

/// What is said of workers that stay at their version.
pub(crate) fn held_note(held: &BTreeMap<String, String>, wanted: &str) -> Note {
    let groups: Vec<String> = held.iter().map(|(group, version)| format!("{group} at {version}")).collect();
    let text = format!(
        "these groups stay at their version of Kubernetes until all control planes say that they run {wanted}: {}; replace the \
         control planes one after the other, then apply again",
        groups.join(", ")
    );
    note(Severity::Warning, "workers-held-back", &text)
}

/// Remarks about configurations that are replaced by those of another minor version of Kubernetes; `held`: whether those of
/// workers wait for control planes.
pub(crate) fn upgrade_notes(desired: &Desired, inventory: &Inventory, held: bool) -> Vec<Note> {
    let steps = desired.resources.iter().filter_map(|resource| {
        let before = inventory.resources.iter().find(|observed| observed.key == resource.key)?;
        Some((minor(&version(&before.properties)?)?, minor(&version(&resource.properties)?)?))
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
    } else if to.0 == from.0 && to.1 == from.1 + 1 && held {
        format!("Kubernetes goes from {old} to {new}: replace the control planes, one after the other")
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

/// The version of Kubernetes in the configuration of a group; none for other objects.
fn version(properties: &Properties) -> Option<String> {
    let Properties::StoreObject(object) = properties else { return None };
    let config: Config = serde_json::from_str(object.content.as_deref()?).ok()?;
    Some(config.kubernetes_version)
}

/// Its major and minor part.
fn minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}
