//! Handles of existing resources that changes refer to.

use std::collections::{BTreeMap, HashSet};

use kedge_resource::inventory::Handle;
use kedge_resource::{Change, Kind, ResourceKey};

use crate::index::Index;
use crate::references::existing_references;

/// The handles of what `changes` refer to by id and do not change themselves. Changed resources have theirs in `before`.
pub(crate) fn referred_to(changes: &[Change], index: &Index<'_>) -> BTreeMap<ResourceKey, Handle> {
    let changed: HashSet<(Kind, &str)> = changes
        .iter()
        .filter_map(|change| Some((change.key.kind, change.before.as_ref()?.handle.id.as_str())))
        .collect();
    let taken: HashSet<&ResourceKey> = changes.iter().map(|change| &change.key).collect();
    let mut handles = BTreeMap::new();
    for change in changes {
        let before = change.before.as_ref().map(|before| &before.properties);
        for (kind, id) in before.into_iter().chain(&change.after).flat_map(existing_references) {
            if changed.contains(&(kind, id)) {
                continue;
            }
            let Some((_, observed)) = index.by_id(kind, id) else { continue };
            if !taken.contains(&observed.key) {
                handles.entry(observed.key.clone()).or_insert_with(|| observed.handle.clone());
            }
        }
    }
    handles
}
