//! Compares two versions of what is desired, without anybody asking AWS.

use std::collections::BTreeMap;

use kedge_resource::plan::{Note, Purpose, Severity};
use kedge_resource::{Desired, Handle, Inventory, Observed, Ownership, Plan, ResourceKey};

use crate::references::visit_references_mut;
use crate::tags::tags_of;
use crate::{PlanContext, PlanError, plan_apply};

/// Plans the way from an account that holds just what `base` asks for to what `head` asks for. Names stand where ids would.
///
/// The result is a plan as [`plan_apply`] makes it, so that what AWS refuses to change in place shows as a replacement, and
/// what an apply leaves alone is left alone. It is for reading, not for applying.
///
/// # Errors
/// The two are of different clusters, or break what the model promises.
pub fn compare(base: &Desired, head: &Desired, context: &PlanContext) -> Result<Plan, PlanError> {
    let mut plan = plan_apply(head, &held(base), context)?;
    plan.purpose = Purpose::Compare;
    plan.handles.clear();
    plan.report.notes.extend(kept_tags(base, head));
    plan.report.notes.sort();
    Ok(plan)
}

/// An account that holds just what is desired.
fn held(desired: &Desired) -> Inventory {
    let mut inventory = Inventory::empty(desired.cluster.clone());
    for resource in &desired.resources {
        let mut properties = resource.properties.clone();
        visit_references_mut(&mut properties, &mut |reference| {
            if let Some(key) = reference.key() {
                reference.set_existing(key.name);
            }
        });
        inventory.resources.push(Observed {
            key: resource.key.clone(),
            handle: Handle::new(resource.key.name.clone()),
            ownership: Ownership::Owned,
            properties,
        });
    }
    inventory
}

/// Tags that were asked for and are no longer: an apply does not remove them, so that they are no change.
fn kept_tags(base: &Desired, head: &Desired) -> Vec<Note> {
    let now: BTreeMap<&ResourceKey, _> =
        head.resources.iter().map(|resource| (&resource.key, tags_of(&resource.properties))).collect();
    let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
    for resource in &base.resources {
        if let (Some(before), Some(Some(after))) = (tags_of(&resource.properties), now.get(&resource.key)) {
            for (tag, _) in before.iter().filter(|(tag, _)| after.get(tag).is_none()) {
                *kept.entry(tag).or_default() += 1;
            }
        }
    }
    let note = |(tag, count): (&str, usize)| {
        let what = if count == 1 { "1 resource keeps".to_owned() } else { format!("{count} resources keep") };
        Note {
            severity: Severity::Info,
            code: "tags-stay".to_owned(),
            text: format!("{what} the tag {tag}, which is no longer asked for: an apply removes no tags"),
            key: None,
        }
    };
    kept.into_iter().map(note).collect()
}
