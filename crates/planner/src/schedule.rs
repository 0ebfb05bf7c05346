//! The steps of a plan and what each of them waits for.
//!
//! A step is what one call to the executor does: one change, the changes of a batch, or one half of a replacement. What it
//! waits for is written in the changes; nothing is decided here but the order in which ready steps begin.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kedge_resource::plan::Replacement;
use kedge_resource::{Action, Plan, ResourceKey};
use thiserror::Error;

use crate::graph::{Edge, Graph};

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Makes resources.
    Create,
    /// Changes resources in place.
    Update,
    /// Removes resources.
    Delete,
}

impl Verb {
    /// The verb in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// The steps of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The steps, in an order in which they could be done one by one.
    pub steps: Vec<ScheduledStep>,
}

/// One unit of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledStep {
    /// What it does.
    pub verb: Verb,
    /// Positions in the changes of the plan, in the order in which the executor gets them; at least one.
    pub changes: Vec<usize>,
    /// Positions of the steps that have to be done before; all are lower than the position of this one.
    pub needs: BTreeSet<usize>,
    /// Number of steps in the longest chain that waits for this one, itself included. Of the steps that are ready the
    /// one with the longest chain begins first.
    pub chain: usize,
}

/// Steps that need each other.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{} steps need each other: {}", cycle.len(), cycle.join(", "))]
pub struct CycleError {
    /// The cycle, such as `delete vpc/a must outlive delete subnet/b`; the last leads to the first.
    pub cycle: Vec<String>,
}

/// Orders the changes of a plan.
///
/// # Errors
/// The changes need each other.
pub fn schedule(plan: &Plan) -> Result<Schedule, CycleError> {
    let mut steps: Vec<(Verb, Vec<usize>)> = Vec::new();
    let mut batches: BTreeMap<(Verb, &str), usize> = BTreeMap::new();
    let mut made: Vec<Option<usize>> = Vec::with_capacity(plan.changes.len());
    let mut removed: Vec<Option<usize>> = Vec::with_capacity(plan.changes.len());
    for (number, change) in plan.changes.iter().enumerate() {
        let mut place = |verb: Verb| {
            let new = steps.len();
            let at = change.batch.as_deref().map_or(new, |batch| *batches.entry((verb, batch)).or_insert(new));
            match steps.get_mut(at) {
                Some((_, changes)) => changes.push(number),
                None => steps.push((verb, vec![number])),
            }
            Some(at)
        };
        let (make, remove) = match change.action {
            Action::Create => (place(Verb::Create), None),
            Action::Update => (place(Verb::Update), None),
            Action::Delete => (None, place(Verb::Delete)),
            Action::Replace => (place(Verb::Create), place(Verb::Delete)),
        };
        made.push(make);
        removed.push(remove);
    }
    for (_, changes) in &mut steps {
        // The container of a batch comes first: the executor acts on it, and the rest goes with it.
        changes.sort_by_key(|number| {
            let change = plan.changes.get(*number);
            (change.is_some_and(|change| change.batch.as_deref() != Some(change.key.to_string().as_str())), *number)
        });
    }

    let numbers: HashMap<&ResourceKey, usize> =
        plan.changes.iter().enumerate().map(|(number, change)| (&change.key, number)).collect();
    let mut graph = Graph::new(steps.len());
    for (number, change) in plan.changes.iter().enumerate() {
        let of = |halves: &[Option<usize>], number: usize| halves.get(number).copied().flatten();
        let (own_make, own_remove) = (of(&made, number), of(&removed, number));
        let found = |keys: &BTreeSet<ResourceKey>| -> Vec<usize> {
            keys.iter().filter_map(|key| numbers.get(key).copied()).collect()
        };
        let removal_needs = if own_make.is_none() { &change.needs } else { &change.remove_needs };
        if let Some(own) = own_make {
            for other in found(&change.needs) {
                if let Some(first) = of(&made, other).or(of(&removed, other)) {
                    graph.add(own, Edge::NeedsOutputOf, first);
                }
            }
        }
        if let Some(own) = own_remove {
            for other in found(removal_needs) {
                if let Some(first) = of(&removed, other).or(of(&made, other)) {
                    graph.add(own, Edge::MustOutlive, first);
                }
            }
        }
        if let (Some(make), Some(remove)) = (own_make, own_remove) {
            match change.replacement {
                Some(Replacement::CreateFirst) => graph.add(remove, Edge::MustOutlive, make),
                Some(Replacement::DeleteFirst) | None => graph.add(make, Edge::NeedsOutputOf, remove),
            }
        }
    }

    let order = graph.order().map_err(|cycle| CycleError {
        cycle: cycle
            .0
            .iter()
            .zip(cycle.0.iter().cycle().skip(1))
            .map(|((step, edge), (next, _))| {
                format!("{} {} {}", label(plan, steps.get(*step)), edge.as_str(), label(plan, steps.get(*next)))
            })
            .collect(),
    })?;
    let mut position = vec![0; steps.len()];
    for (at, step) in order.nodes.iter().enumerate() {
        if let Some(position) = position.get_mut(*step) {
            *position = at;
        }
    }
    let steps = order
        .nodes
        .iter()
        .filter_map(|&step| {
            let (verb, changes) = steps.get(step)?;
            Some(ScheduledStep {
                verb: *verb,
                changes: changes.clone(),
                needs: graph.before(step).into_iter().filter_map(|first| position.get(first).copied()).collect(),
                chain: order.chain.get(step).copied().unwrap_or(1),
            })
        })
        .collect();
    Ok(Schedule { steps })
}

fn label(plan: &Plan, step: Option<&(Verb, Vec<usize>)>) -> String {
    let Some((verb, changes)) = step else { return String::new() };
    let keys: Vec<String> =
        changes.iter().filter_map(|number| plan.changes.get(*number)).map(|change| change.key.to_string()).collect();
    format!("{} {}", verb.as_str(), keys.join(" and "))
}
