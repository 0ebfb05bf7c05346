//! Changes that remove something, and the keys under which they stand in a plan.

use std::collections::BTreeSet;

use kedge_resource::{Action, Change, Observed, Reason, ResourceKey};

use crate::index::Index;
use crate::undesired::container_of;
use crate::wanted::Wanted;

/// The removal of a resource. It never stands under the key of a desired resource or of another removal, which are in
/// `taken`, but has its id behind its name then.
pub(crate) fn removal(
    index: &Index<'_>,
    number: usize,
    observed: &Observed,
    reason: Reason,
    wanted: &Wanted<'_>,
    taken: &mut BTreeSet<ResourceKey>,
) -> Change {
    let reason = match index.duplicates.get(&number).and_then(|keep| index.get(*keep)) {
        Some(keep) => Reason::Duplicate { keep: keep.handle.id.clone() },
        None => reason,
    };
    let mut key = observed.key.clone();
    let mut count = 0;
    while (count == 0 && index.duplicates.contains_key(&number))
        || wanted.number(&key).is_some()
        || taken.contains(&key)
    {
        count += 1;
        // Parts without ids of their own are told apart by what they are parts of.
        let id = if observed.handle.id == observed.key.name {
            container_of(&observed.properties).map_or_else(|| "again".to_owned(), |(_, id)| format!("of {id}"))
        } else {
            observed.handle.id.clone()
        };
        let nth = if count > 1 { format!(" {count}") } else { String::new() };
        key.name = format!("{} ({id}){nth}", observed.key.name);
    }
    taken.insert(key.clone());
    Change {
        key,
        action: Action::Delete,
        reason,
        fields: Vec::new(),
        before: Some(observed.clone()),
        after: None,
        needs: BTreeSet::new(),
        remove_needs: BTreeSet::new(),
        replacement: None,
        batch: None,
    }
}
