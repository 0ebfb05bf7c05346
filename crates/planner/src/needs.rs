//! What each change waits for.
//!
//! Two sources: references (what is made needs what it refers to; what is removed outlives what refers to it) and the
//! tables in [`create`] and [`delete`], which hold what AWS insists on and no reference says, each with its reason.

use std::collections::{BTreeSet, HashMap};

use kedge_resource::plan::Replacement;
use kedge_resource::{Action, Change, Kind, ResourceKey};

use crate::index::Index;
use crate::references::existing_references;
use crate::replacement;
use crate::wanted::Wanted;

mod create;
mod delete;

/// Fills in `needs`, `remove_needs` and `replacement` of all changes, which are sorted by key.
pub(crate) fn connect(changes: &mut [Change], wanted: &Wanted<'_>, index: &Index<'_>) {
    let numbers: HashMap<ResourceKey, usize> =
        changes.iter().enumerate().map(|(number, change)| (change.key.clone(), number)).collect();
    let collisions = create::collisions(changes);
    order_replacements(changes, wanted, &numbers, &collisions);

    let mut makes: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); changes.len()];
    let mut removes: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); changes.len()];
    let mut make_needs = |number: usize, first: usize| {
        if let Some(needs) = makes.get_mut(number)
            && number != first
        {
            needs.insert(first);
        }
    };
    for (number, change) in changes.iter().enumerate().filter(|(_, change)| change.after.is_some()) {
        for key in wanted.references(&change.key) {
            if let Some(first) = numbers.get(key)
                && changes.get(*first).is_some_and(matters_to_others)
            {
                make_needs(number, *first);
            }
        }
    }
    for (number, first) in create::extra(changes).into_iter().chain(collisions.iter().copied()) {
        make_needs(number, first);
    }

    let mut remove_needs = |number: usize, first: usize| {
        if let Some(needs) = removes.get_mut(number)
            && number != first
        {
            needs.insert(first);
        }
    };
    let mut going: HashMap<(Kind, &str), usize> = HashMap::new();
    for (number, change) in changes.iter().enumerate().filter(|(_, change)| removes_something(change)) {
        if let Some(before) = &change.before {
            going.entry((change.key.kind, before.handle.id.as_str())).or_insert(number);
        }
    }
    for (number, change) in changes.iter().enumerate() {
        let Some(before) = &change.before else { continue };
        for (kind, id) in existing_references(&before.properties) {
            let Some(&held) = going.get(&(kind, id)) else { continue };
            let Some(target) = changes.get(held) else { continue };
            let waits = match change.action {
                Action::Delete => delete::holds(change.key.kind, kind),
                Action::Create | Action::Replace => true,
                Action::Update => {
                    let refers_to = |key: &ResourceKey| wanted.references(&change.key).any(|other| other == key);
                    // What moves to a thing that can only be made after the removal cannot move before it.
                    let moves_later = target.replacement == Some(Replacement::DeleteFirst) && refers_to(&target.key)
                        || collisions
                            .iter()
                            .any(|(new, old)| *old == held && changes.get(*new).is_some_and(|new| refers_to(&new.key)));
                    !moves_later
                }
            };
            if waits {
                remove_needs(held, number);
            }
        }
    }
    for (number, first) in delete::extra(changes, index) {
        remove_needs(number, first);
    }

    let keys: Vec<ResourceKey> = changes.iter().map(|change| change.key.clone()).collect();
    let named = |needs: BTreeSet<usize>| needs.into_iter().filter_map(|number| keys.get(number).cloned()).collect();
    for ((change, makes), removes) in changes.iter_mut().zip(makes).zip(removes) {
        match change.action {
            Action::Create | Action::Update => change.needs = named(makes),
            Action::Delete => change.needs = named(removes),
            Action::Replace => {
                change.needs = named(makes);
                change.remove_needs = named(removes);
            }
        }
    }
}

/// Whether a change removes a resource that AWS holds.
fn removes_something(change: &Change) -> bool {
    matches!(change.action, Action::Delete | Action::Replace)
}

/// Whether something that refers to the changed resource has to wait: not for new tags.
fn matters_to_others(change: &Change) -> bool {
    match change.action {
        Action::Create | Action::Replace => true,
        Action::Update => change.fields.iter().any(|field| field.property() != "Tags"),
        Action::Delete => false,
    }
}

/// Decides what each replacement does first. What refers to something that can only be made after a removal is itself made
/// after its own removal, because the old one would hold what has to go.
fn order_replacements(
    changes: &mut [Change],
    wanted: &Wanted<'_>,
    numbers: &HashMap<ResourceKey, usize>,
    collisions: &[(usize, usize)],
) {
    let mut late: BTreeSet<usize> = collisions.iter().map(|(new, _)| *new).collect();
    for key in wanted.in_order() {
        let Some(&number) = numbers.get(key) else { continue };
        let refers_to_late =
            wanted.references(key).any(|key| numbers.get(key).is_some_and(|number| late.contains(number)));
        let Some(change) = changes.get_mut(number).filter(|change| change.action == Action::Replace) else { continue };
        let mut forcing: Vec<String> = change
            .fields
            .iter()
            .filter(|field| field.forces_replacement)
            .map(|field| field.property().to_owned())
            .collect();
        forcing.dedup();
        let first = if refers_to_late || late.contains(&number) {
            Replacement::DeleteFirst
        } else {
            replacement::by_kind(change.key.kind, &forcing)
        };
        if first == Replacement::DeleteFirst {
            late.insert(number);
        }
        change.replacement = Some(first);
    }
}
