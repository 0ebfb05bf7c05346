//! A plan as views get it: with the places in the manifests that decide, and what else is known.

use std::collections::BTreeMap;

use kedge_render::view::{Planned, Saved};

use super::Looked;
use crate::error::problems;

/// The entry of a cluster.
pub(super) fn of(looked: &Looked, saved: Option<Saved>) -> Planned {
    let Looked { specification, planned, guard: _, findings, worries: _ } = looked;
    let plan = planned.proposal.plan();
    let mut places = BTreeMap::new();
    for change in &plan.changes {
        places.extend(specification.place_of_change(change).map(|place| (change.key.clone(), place)));
    }
    let report = &plan.report;
    let remarked = report.notes.iter().filter_map(|note| note.key.as_ref());
    for key in remarked.chain(report.foreign.iter().map(|thing| &thing.key)) {
        if !places.contains_key(key) {
            places.extend(specification.place_of(key).map(|place| (key.clone(), place)));
        }
    }
    let mut entry = Planned::new(plan);
    entry.places = places;
    entry.problems = problems(&specification.remarks);
    entry.manifests = specification.sources.iter().map(|source| source.name.clone()).collect();
    entry.saved = saved;
    entry.findings.clone_from(findings);
    entry.desired = planned.proposal.desired().to_vec();
    entry
}
