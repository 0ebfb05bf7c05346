//! The desired resources, checked and in the order of their references.

use std::collections::HashMap;

use kedge_resource::{Desired, Kind, Resource, ResourceKey};

use crate::error::PlanError;
use crate::graph::{Edge, Graph};
use crate::references::managed_names;
use crate::schedule::CycleError;

/// Desired resources, numbered in the order of their keys.
#[derive(Default)]
pub(crate) struct Wanted<'a> {
    /// The resources, sorted by key.
    pub(crate) resources: Vec<&'a Resource>,
    /// Numbers of the resources, each after what it refers to.
    pub(crate) order: Vec<usize>,
    /// By resource: the numbers of those that it refers to.
    references: Vec<Vec<usize>>,
    // Looked up in, never walked through.
    numbers: HashMap<(Kind, &'a str), usize>,
}

impl<'a> Wanted<'a> {
    /// Checks what the model promises: each key once, properties of the kind of the key, every reference to something
    /// that is desired, no cycles.
    pub(crate) fn new(desired: &'a Desired) -> Result<Self, PlanError> {
        let mut resources: Vec<&Resource> = desired.resources.iter().collect();
        resources.sort_by(|a, b| a.key.cmp(&b.key));
        let mut numbers: HashMap<(Kind, &str), usize> = HashMap::with_capacity(resources.len());
        for (number, resource) in resources.iter().enumerate() {
            let key = &resource.key;
            if resource.properties.kind() != key.kind {
                return Err(PlanError::WrongKind { key: key.clone(), kind: resource.properties.kind() });
            }
            if numbers.insert((key.kind, &key.name), number).is_some() {
                return Err(PlanError::DesiredTwice { key: key.clone() });
            }
        }
        let mut graph = Graph::new(resources.len());
        let mut references = Vec::with_capacity(resources.len());
        for (number, resource) in resources.iter().enumerate() {
            let mut targets = Vec::new();
            for (kind, name) in managed_names(&resource.properties) {
                let Some(first) = numbers.get(&(kind, name)) else {
                    let to = ResourceKey::new(kind, name);
                    return Err(PlanError::Dangling { from: resource.key.clone(), to });
                };
                graph.add(number, Edge::NeedsOutputOf, *first);
                targets.push(*first);
            }
            references.push(targets);
        }
        let order = graph.order().map_err(|cycle| {
            let keys = cycle.0.iter().filter_map(|(number, _)| resources.get(*number));
            PlanError::Cycle(CycleError { cycle: keys.map(|resource| resource.key.to_string()).collect() })
        })?;
        Ok(Self { resources, order: order.nodes, references, numbers })
    }

    /// The number of the resource with a key.
    pub(crate) fn number(&self, key: &ResourceKey) -> Option<usize> {
        self.named(key.kind, &key.name)
    }

    /// The number of the resource of a kind with a name.
    pub(crate) fn named(&self, kind: Kind, name: &str) -> Option<usize> {
        self.numbers.get(&(kind, name)).copied()
    }

    /// The keys that the resource with a key refers to.
    pub(crate) fn references(&self, key: &ResourceKey) -> impl Iterator<Item = &'a ResourceKey> {
        let targets = self.number(key).and_then(|number| self.references.get(number));
        targets.into_iter().flatten().filter_map(|target| self.resources.get(*target)).map(|resource| &resource.key)
    }

    /// The keys in an order in which each comes after what it refers to.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &'a ResourceKey> {
        self.order.iter().filter_map(|number| self.resources.get(*number)).map(|resource| &resource.key)
    }
}
