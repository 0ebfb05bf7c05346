//! Plans the removal of a cluster.

use std::collections::BTreeSet;

use kedge_resource::plan::{ForeignResource, Note, PLAN_FORMAT_VERSION, PlanReport, Purpose, Severity};
use kedge_resource::{Inventory, Kind, Observed, Ownership, Plan, Properties, Reason};

use crate::index::Index;
use crate::removal::removal;
use crate::undesired::{container, goes_with_container, of_another_group};
use crate::wanted::Wanted;
use crate::{PlanContext, PlanError, batch, handles, legal, needs};

/// Plans the removal of everything that the cluster owns, also of what controllers in the cluster made. Nothing else is
/// touched: what stands under names of the cluster without being its own is reported.
///
/// # Errors
/// Resources hold each other in a cycle, which AWS does not allow them to.
pub fn plan_delete(inventory: &Inventory, context: &PlanContext) -> Result<Plan, PlanError> {
    let index = Index::new(inventory);
    let mut changes = Vec::new();
    let mut foreign = Vec::new();
    let (nothing, mut taken) = (Wanted::default(), BTreeSet::new());
    for (number, observed) in index.resources.iter().enumerate() {
        if removed(&index, observed) {
            changes.push(removal(&index, number, observed, Reason::ClusterDeleted, &nothing, &mut taken));
        } else if observed.ownership == Ownership::Foreign && !of_another_group(&index, observed) {
            foreign.push(ForeignResource {
                key: observed.key.clone(),
                id: observed.handle.id.clone(),
                in_the_way: false,
            });
        }
    }
    changes.sort_by(|a, b| a.key.cmp(&b.key));
    needs::connect(&mut changes, &nothing, &index);
    batch::assign(&mut changes);

    let mut unreadable = inventory.unreadable.clone();
    unreadable.sort();
    unreadable.dedup();
    let kinds: BTreeSet<Kind> = unreadable.iter().map(|unreadable| unreadable.kind).collect();
    let notes = kinds
        .into_iter()
        .map(|kind| Note {
            severity: Severity::Warning,
            code: "may-remain".to_owned(),
            text: format!(
                "resources of the kind {kind} could not be read: those of the cluster that there are stay, and may keep others \
                 from being deleted"
            ),
            key: None,
        })
        .collect();
    let plan = Plan {
        format_version: PLAN_FORMAT_VERSION,
        purpose: Purpose::Delete,
        cluster: inventory.cluster.clone(),
        account_id: context.account_id.clone(),
        region: context.region.clone(),
        handles: handles::referred_to(&changes, &index),
        changes,
        unchanged: 0,
        report: PlanReport { unreadable, foreign, instances_to_roll: Vec::new(), notes },
    };
    legal::check(&plan)?;
    Ok(plan)
}

fn removed(index: &Index<'_>, observed: &Observed) -> bool {
    // An interface in use goes with what uses it.
    if let Properties::NetworkInterface(interface) = &observed.properties
        && interface.status != "available"
    {
        return false;
    }
    match observed.ownership {
        Ownership::Owned => true,
        // A rule cannot stay when its group goes.
        Ownership::Foreign => {
            goes_with_container(observed.key.kind)
                && container(index, observed)
                    .and_then(|number| index.get(number))
                    .is_some_and(|group| group.ownership == Ownership::Owned)
        }
    }
}
