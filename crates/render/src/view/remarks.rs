//! Everything that is said about a cluster, in one form: notes of kedge, findings of policies, problems of manifests.

use kedge_diag::Severity as DiagSeverity;
use kedge_resource::finding::Severity as FindingSeverity;
use kedge_resource::plan::Severity as NoteSeverity;
use kedge_resource::{Position, ResourceKey};

use super::{Planned, Problem, Reviewed};
use crate::plan::said;

/// How much a remark matters; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Error,
    Warning,
    Note,
}

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// kedge, about the plan.
    Kedge,
    /// A policy of the user.
    Policy,
    /// kedge, about the manifests.
    Manifest,
}

/// One remark.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Remark {
    pub(crate) level: Level,
    pub(crate) source: Source,
    /// Stable name of the rule.
    pub(crate) rule: String,
    pub(crate) text: String,
    pub(crate) key: Option<ResourceKey>,
    pub(crate) position: Option<Position>,
}

impl Remark {
    /// The text, with the resource where the text does not name it.
    pub(crate) fn sentence(&self) -> String {
        match &self.key {
            Some(key) if !self.text.contains(&key.to_string()) => format!("{} ({key})", self.text),
            Some(_) | None => self.text.clone(),
        }
    }
}

/// The remarks about a cluster, the worst first.
pub(crate) fn remarks(reviewed: &Reviewed) -> Vec<Remark> {
    let mut remarks = match reviewed {
        Reviewed::Planned(planned) => of_plan(planned),
        Reviewed::Failed(failure) => failure.problems.iter().map(of_problem).collect(),
    };
    remarks.sort();
    remarks
}

fn of_plan(planned: &Planned) -> Vec<Remark> {
    let plan = planned.plan();
    let place = |key: &Option<ResourceKey>| key.as_ref().and_then(|key| planned.places.get(key)).cloned();
    let kedge = |level, rule: &str, text: String, key: Option<ResourceKey>| {
        let position = place(&key);
        Remark { level, source: Source::Kedge, rule: rule.to_owned(), text, key, position }
    };
    let mut remarks: Vec<Remark> = planned.problems.iter().map(of_problem).collect();
    for note in &plan.report.notes {
        let level = match note.severity {
            NoteSeverity::Fatal => Level::Error,
            NoteSeverity::Warning => Level::Warning,
            NoteSeverity::Info => Level::Note,
        };
        remarks.push(kedge(level, &note.code, note.text.clone(), note.key.clone()));
    }
    if !said(plan, "foreign-in-the-way") {
        for thing in &plan.report.foreign {
            let (level, text) = if thing.in_the_way {
                (Level::Error, format!("{} stands under a name that the manifests ask for, and is not ours", thing.id))
            } else {
                (Level::Note, format!("{} is not ours; nothing is done to it", thing.id))
            };
            remarks.push(kedge(level, "foreign", text, Some(thing.key.clone())));
        }
    }
    if !said(plan, "unreadable") {
        for part in &plan.report.unreadable {
            let text = format!("{}: {} failed: {}; assumed to be as it should", part.kind, part.call, part.why);
            remarks.push(kedge(Level::Warning, "unreadable", text, None));
        }
    }
    for finding in planned.findings() {
        remarks.push(Remark {
            level: match finding.severity {
                FindingSeverity::Deny => Level::Error,
                FindingSeverity::Warn => Level::Warning,
            },
            source: Source::Policy,
            rule: finding.policy.clone(),
            text: finding.message.clone(),
            position: finding.position.clone().or_else(|| place(&finding.key)),
            key: finding.key.clone(),
        });
    }
    remarks
}

fn of_problem(problem: &Problem) -> Remark {
    Remark {
        level: match problem.severity {
            DiagSeverity::Error => Level::Error,
            DiagSeverity::Warning => Level::Warning,
            DiagSeverity::Note => Level::Note,
        },
        source: Source::Manifest,
        rule: problem.code.clone(),
        text: problem.text.clone(),
        key: None,
        position: problem.position.clone(),
    }
}

/// Whether a path is that of a file, and not of standard input or of an object of the state store.
pub(crate) fn is_file(path: &str) -> bool {
    !path.starts_with('<') && !path.contains("://")
}
