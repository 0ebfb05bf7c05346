//! Things of others: how a test makes one, and what of them an account holds.

use kedge_cloud::{Handles, Realize, Step, StepChange, Verb};
use kedge_resource::inventory::Handle;
use kedge_resource::{ClusterName, Inventory, Ownership, Properties, ResourceKey};

/// Makes one thing; its handle is among `handles` then, too.
pub(crate) async fn create<B: Realize>(
    backend: &B,
    cluster: &ClusterName,
    handles: &mut Handles,
    name: &str,
    properties: Properties,
) -> Handle {
    let key = ResourceKey::new(properties.kind(), name);
    let change = StepChange { key: key.clone(), before: None, after: Some(properties), fields: Vec::new() };
    let step = Step { verb: Verb::Create, changes: vec![change] };
    let outcome = backend.realize(cluster, &step, handles, &|_| {}).await.expect("a foreign resource");
    let (_, handle) = outcome.handles.into_iter().next().expect("a handle");
    handles.insert(key, handle.clone());
    handle
}

/// Ids and properties of everything that is not ours, to be compared before and after.
pub(crate) fn snapshot(inventory: &Inventory) -> Vec<String> {
    inventory
        .resources
        .iter()
        .filter(|observed| observed.ownership == Ownership::Foreign)
        .map(|observed| format!("{} {} {:?}", observed.key, observed.handle.id, observed.properties))
        .collect()
}
