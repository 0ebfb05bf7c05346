//! What a cluster's plan comes to: how bad it is, in one sentence, for headlines and tables.

use kedge_diag::Severity as DiagSeverity;
use kedge_resource::{Action, ResourceKey};

use super::changes::{WORST_FIRST, entries, has_state};
use super::remarks::{Level, Remark, Source, remarks};
use super::rolling::rolling;
use super::{Failure, Planned, Reviewed};
use crate::plan::nothing;

/// How bad it is; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// There is no plan.
    Failed,
    /// The plan is refused as it is.
    Refused,
    /// Something is removed.
    Deletes,
    /// Something is replaced.
    Replaces,
    /// Something changes.
    Changes,
    /// There is nothing to do.
    Nothing,
}

/// What a cluster's plan comes to.
pub(crate) fn rank(reviewed: &Reviewed) -> Rank {
    let Reviewed::Planned(planned) = reviewed else { return Rank::Failed };
    let totals = planned.plan().totals();
    if remarks(reviewed).iter().any(|remark| remark.level == Level::Error) {
        Rank::Refused
    } else if totals.delete > 0 {
        Rank::Deletes
    } else if totals.replace > 0 {
        Rank::Replaces
    } else if !planned.plan().is_empty() {
        Rank::Changes
    } else {
        Rank::Nothing
    }
}

/// The clusters with what they come to, the worst first and then by name.
pub(crate) fn ranked(clusters: &[Reviewed]) -> Vec<(Rank, &Reviewed)> {
    let mut all: Vec<(Rank, &Reviewed)> = clusters.iter().map(|reviewed| (rank(reviewed), reviewed)).collect();
    all.sort_by(|(a, first), (b, second)| (a, first.name()).cmp(&(b, second.name())));
    all
}

/// `2 to delete, 1 to replace`: what is to be done, the worst first; or that nothing is.
pub(crate) fn counts(planned: &Planned) -> String {
    let totals = planned.plan().totals();
    let parts: Vec<String> = WORST_FIRST
        .iter()
        .map(|action| match action {
            Action::Delete => (totals.delete, "delete"),
            Action::Replace => (totals.replace, "replace"),
            Action::Update => (totals.update, "update"),
            Action::Create => (totals.create, "create"),
        })
        .filter(|(count, _)| *count > 0)
        .map(|(count, verb)| format!("{count} to {verb}"))
        .collect();
    if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") }
}

/// The counts, or that there is no plan.
pub(crate) fn headline(reviewed: &Reviewed) -> String {
    match reviewed {
        Reviewed::Planned(planned) => counts(planned),
        Reviewed::Failed(_) => "cannot be planned".to_owned(),
    }
}

/// The worst thing about it, in a sentence; `None` where the counts say it all.
pub(crate) fn worst(reviewed: &Reviewed) -> Option<String> {
    phrase(reviewed).map(|phrase| capitalised(&phrase))
}

/// A sentence begins with a capital, unless that would change a name.
fn capitalised(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let mut rest = text.chars();
    match rest.next() {
        Some(first) if word.trim_end_matches(':').chars().all(|c| c.is_ascii_lowercase()) => {
            first.to_uppercase().chain(rest).collect()
        }
        _ => text.to_owned(),
    }
}

fn phrase(reviewed: &Reviewed) -> Option<String> {
    let planned = match reviewed {
        Reviewed::Failed(failure) => return Some(first_problem(failure).unwrap_or_else(|| failure.summary.clone())),
        Reviewed::Planned(planned) => planned,
    };
    let errors: Vec<Remark> = remarks(reviewed).into_iter().filter(|remark| remark.level == Level::Error).collect();
    if let Some(first) = errors.first() {
        let who = if first.source == Source::Policy { format!("policy {}: ", first.rule) } else { String::new() };
        let more = match errors.len() - 1 {
            0 => String::new(),
            1 => ", and 1 more reason below".to_owned(),
            more => format!(", and {more} more reasons below"),
        };
        return Some(format!("refused: {who}{}{more}", first.sentence()));
    }
    let plan = planned.plan();
    let of = |action: Action| -> Vec<&ResourceKey> {
        entries(plan, action).into_iter().map(|entry| &entry.change.key).collect()
    };
    let (deleted, replaced) = (of(Action::Delete), of(Action::Replace));
    let lost: Vec<&ResourceKey> = deleted.iter().chain(&replaced).copied().filter(|key| has_state(key.kind)).collect();
    if !lost.is_empty() {
        return Some(format!("loses {}", some_of(&lost)));
    }
    if !deleted.is_empty() {
        return Some(format!("deletes {}", some_of(&deleted)));
    }
    if !replaced.is_empty() {
        return Some(format!("replaces {}", some_of(&replaced)));
    }
    let rolling = rolling(planned);
    if !rolling.is_empty() {
        let groups: Vec<&str> = rolling.iter().map(|rolling| rolling.group.as_str()).collect();
        return Some(format!("instances of {} have to be replaced afterwards", groups.join(", ")));
    }
    nothing::sentence(plan)
}

/// What is wrong with the manifests, if that is why there is no plan.
fn first_problem(failure: &Failure) -> Option<String> {
    let mut errors = failure.problems.iter().filter(|problem| problem.severity == DiagSeverity::Error);
    let first = errors.next()?;
    Some(match errors.count() {
        0 => first.text.clone(),
        1 => format!("{} (and 1 more error)", first.text),
        more => format!("{} (and {more} more errors)", first.text),
    })
}

/// The first keys, and how many more there are.
fn some_of(keys: &[&ResourceKey]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = keys.iter().take(SHOWN).map(ToString::to_string).collect();
    match keys.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
