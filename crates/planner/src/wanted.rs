//! The desired resources, checked and in the order of their references.

use std::collections::BTreeMap;

use kedge_resource::{Desired, Resource, ResourceKey};

use crate::error::PlanError;
use crate::graph::{Edge, Graph};
use crate::references::managed_references;
use crate::schedule::CycleError;

/// Desired resources, by key.
pub(crate) struct Wanted<'a> {
    /// The resources, sorted by key.
    pub(crate) resources: Vec<&'a Resource>,
    /// By resource: the keys that it refers to.
    pub(crate) references: BTreeMap<&'a ResourceKey, Vec<ResourceKey>>,
    /// Numbers of the resources, each after what it refers to.
    pub(crate) order: Vec<usize>,
}

impl<'a> Wanted<'a> {
    /// Checks what the model promises: each key once, properties of the kind of the key, every reference to something
    /// that is desired, no cycles.
    pub(crate) fn new(desired: &'a Desired) -> Result<Self, PlanError> {
        let mut resources: Vec<&Resource> = desired.resources.iter().collect();
        resources.sort_by(|a, b| a.key.cmp(&b.key));
        let mut numbers: BTreeMap<&ResourceKey, usize> = BTreeMap::new();
        for (number, resource) in resources.iter().enumerate() {
            if resource.properties.kind() != resource.key.kind {
                return Err(PlanError::WrongKind { key: resource.key.clone(), kind: resource.properties.kind() });
            }
            if numbers.insert(&resource.key, number).is_some() {
                return Err(PlanError::DesiredTwice { key: resource.key.clone() });
            }
        }
        let mut graph = Graph::new(resources.len());
        let mut references = BTreeMap::new();
        for (number, resource) in resources.iter().enumerate() {
            let keys = managed_references(&resource.properties);
            for key in &keys {
                let Some(first) = numbers.get(key) else {
                    return Err(PlanError::Dangling { from: resource.key.clone(), to: key.clone() });
                };
                graph.add(number, Edge::NeedsOutputOf, *first);
            }
            references.insert(&resource.key, keys);
        }
        let order = graph.order().map_err(|cycle| {
            let keys = cycle.0.iter().filter_map(|(number, _)| resources.get(*number));
            PlanError::Cycle(CycleError { cycle: keys.map(|resource| resource.key.to_string()).collect() })
        })?;
        Ok(Self { resources, references, order: order.nodes })
    }
}
