//! A small planner and engine: makes what is missing, changes what differs, in the order of the world.

use std::collections::BTreeMap;

use kedge_cloud::{CloudError, Handles, Observe as _, Realize as _, Step, StepChange, Verb};
use kedge_resource::kind::{Direction, RecordSet, SecurityGroupRule};
use kedge_resource::reference::parse_managed;
use kedge_resource::{Handle, Inventory, Kind, Observed, Ownership, Properties, Resource, ResourceKey};
use kedge_sandbox::Sandbox;
use serde_json::Value;

use crate::world::{World, cluster};

/// Puts ids in the place of names, and the range of a block in the place of its number.
fn resolve(value: &mut Value, handles: &BTreeMap<ResourceKey, Handle>) {
    match value {
        Value::String(text) => {
            if let Some(handle) = parse_managed(text).and_then(|key| handles.get(&key)) {
                *text = handle.id.clone();
            } else if let Some(number) = text.strip_prefix("/64#") {
                let vpc = handles
                    .iter()
                    .find(|(key, _)| key.kind == Kind::Vpc)
                    .and_then(|(_, it)| it.ipv6_cidr_block.clone());
                if let Some(range) = vpc {
                    *text = range.replace("00::/56", &format!("{number:0>2}::/64"));
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| resolve(value, handles)),
        Value::Object(map) => map.values_mut().for_each(|value| resolve(value, handles)),
        _ => {}
    }
}

/// A resource as it is observed once it exists.
pub(crate) fn resolved(properties: &Properties, inventory: &Inventory) -> Properties {
    let handles = inventory.resources.iter().map(|it| (it.key.clone(), it.handle.clone())).collect();
    let mut value = serde_json::to_value(properties).unwrap();
    resolve(&mut value, &handles);
    serde_json::from_value(value).unwrap()
}

pub(crate) async fn observe(sandbox: &Sandbox) -> Inventory {
    sandbox.inventory(&cluster(), kedge_cloud::Scope::Everything).await.unwrap()
}

/// What one call can handle, and hooks with their group.
fn batch(resource: &Resource, creating: bool) -> Option<String> {
    match &resource.properties {
        Properties::SecurityGroupRule(rule) => {
            let SecurityGroupRule { group, direction, .. } = rule.as_ref();
            let direction = if *direction == Direction::Ingress { "in" } else { "out" };
            Some(format!("{direction} {}", group.bare()))
        }
        Properties::RecordSet(record) => {
            let RecordSet { hosted_zone_id, .. } = record.as_ref();
            Some(hosted_zone_id.clone())
        }
        Properties::AutoScalingGroup(_) if creating => Some(format!("group {}", resource.key.name)),
        Properties::LifecycleHook(hook) if creating => Some(format!("group {}", hook.auto_scaling_group.bare())),
        _ => None,
    }
}

/// Differing top-level properties; tags that nobody wants do not count.
fn differing(before: &Properties, after: &Properties) -> Vec<String> {
    let (before, after) = (before.to_value(), after.to_value());
    let (before, after) = (before.as_object().unwrap(), after.as_object().unwrap());
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
}

/// The steps that make the account what the world says.
pub(crate) fn steps(world: &World, inventory: &Inventory) -> Vec<Step> {
    let known = inventory.by_key();
    let mut steps: Vec<(Option<String>, Step)> = Vec::new();
    let mut groups_made = Vec::new();
    for resource in &world.resources {
        let there = known.get(&resource.key).and_then(|list| list.first().copied());
        let (verb, fields) = match there {
            None => (Verb::Create, Vec::new()),
            Some(there) => (Verb::Update, differing(&there.properties, &resolved(&resource.properties, inventory))),
        };
        if verb == Verb::Update && fields.is_empty() {
            continue;
        }
        if verb == Verb::Create && resource.key.kind == Kind::AutoScalingGroup {
            groups_made.push(resource.key.name.clone());
        }
        let with_group = match &resource.properties {
            Properties::LifecycleHook(hook) => groups_made.iter().any(|name| name == hook.auto_scaling_group.bare()),
            _ => true,
        };
        let batch = batch(resource, verb == Verb::Create && with_group).map(|batch| format!("{verb:?} {batch}"));
        let change = StepChange {
            key: resource.key.clone(),
            before: there.cloned(),
            after: Some(resource.properties.clone()),
            fields,
        };
        match steps.iter_mut().find(|(other, _)| batch.is_some() && *other == batch) {
            Some((_, step)) => step.changes.push(change),
            None => steps.push((batch, Step { verb, changes: vec![change] })),
        }
    }
    steps.into_iter().map(|(_, step)| step).collect()
}

/// Does steps one after the other; a step that fails for a reason that may pass is done again.
pub(crate) async fn run(sandbox: &Sandbox, inventory: &Inventory, steps: &[Step]) -> Result<(), CloudError> {
    let mut handles = Handles::new(inventory.resources.iter().map(|it| (it.key.clone(), it.handle.clone())));
    for step in steps {
        let mut attempt = 0;
        let outcome = loop {
            attempt += 1;
            match sandbox.realize(&cluster(), step, &handles, &|_| {}).await {
                Err(error) if error.class.may_pass() && attempt < 5 => {}
                other => break other?,
            }
        };
        if step.verb == Verb::Create {
            assert_eq!(outcome.handles.len(), step.changes.len(), "{step:?}");
        }
        for (key, handle) in outcome.handles {
            handles.insert(key, handle);
        }
    }
    Ok(())
}

/// Observes, and does what is missing or differs.
pub(crate) async fn apply(sandbox: &Sandbox, world: &World) -> Result<(), CloudError> {
    let inventory = sandbox.inventory(&cluster(), kedge_cloud::Scope::Everything).await?;
    run(sandbox, &inventory, &steps(world, &inventory)).await
}

/// Fails unless the account holds the world, each resource once and as it is wanted.
pub(crate) async fn assert_is(sandbox: &Sandbox, world: &World) {
    let inventory = observe(sandbox).await;
    let not_instance = |observed: &&Observed| observed.key.kind != Kind::Instance;
    for observed in inventory.resources.iter().filter(not_instance) {
        assert_eq!(observed.ownership, Ownership::Owned, "{}", observed.key);
        let mut wanted = world.resources.iter().filter(|resource| resource.key == observed.key);
        let wanted = wanted.next().unwrap_or_else(|| panic!("{} is too many", observed.key));
        assert_eq!(observed.properties, resolved(&wanted.properties, &inventory), "{}", observed.key);
    }
    let keys: Vec<&ResourceKey> = inventory.resources.iter().filter(not_instance).map(|it| &it.key).collect();
    let mut wanted: Vec<&ResourceKey> = world.resources.iter().map(|it| &it.key).collect();
    wanted.sort();
    assert_eq!(keys, wanted);
}
