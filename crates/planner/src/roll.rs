//! Which instance groups keep old instances after an apply.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::{Action, Change, Kind, ResourceKey};

use crate::index::Index;
use crate::tags::tags_of;
use crate::wanted::Wanted;

/// Tag that names the instance group.
const INSTANCE_GROUP_TAG: &str = "kops.k8s.io/instancegroup";

/// Properties of an auto scaling group that only new instances get.
const FOR_NEW_INSTANCES: &[&str] = &["LaunchTemplate", "MixedInstancesPolicy"];

/// Names of the instance groups that exist and whose new instances would differ from the running ones.
pub(crate) fn instances_to_roll(wanted: &Wanted<'_>, index: &Index<'_>, changes: &[Change]) -> Vec<String> {
    let changes: BTreeMap<&ResourceKey, &Change> = changes.iter().map(|change| (&change.key, change)).collect();
    let content_changes = |key: &ResourceKey, counts: &dyn Fn(&str) -> bool| {
        changes.get(key).is_some_and(|change| match change.action {
            Action::Update => change.fields.iter().any(|field| counts(field.property())),
            Action::Create | Action::Replace => true,
            Action::Delete => false,
        })
    };
    let mut groups = BTreeSet::new();
    for group in wanted.resources.iter().filter(|resource| resource.key.kind == Kind::AutoScalingGroup) {
        if index.kept(&group.key).is_none() {
            continue;
        }
        let own = content_changes(&group.key, &|property| FOR_NEW_INSTANCES.contains(&property));
        let template = wanted
            .references(&group.key)
            .filter(|key| key.kind == Kind::LaunchTemplate)
            .any(|key| content_changes(key, &|property| property != "Tags"));
        if own || template {
            let name = tags_of(&group.properties).and_then(|tags| tags.get(INSTANCE_GROUP_TAG));
            groups.insert(name.unwrap_or(&group.key.name).to_owned());
        }
    }
    groups.into_iter().collect()
}
