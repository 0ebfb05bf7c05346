//! A test report in the XML form of JUnit, which every CI system shows: a suite for each cluster, a case for each rule.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::escape::xml;
use super::remarks::{Level, Remark, Source, remarks};
use super::verdict::{headline, ranked};
use super::{Review, Reviewed};

/// One case of a suite.
struct Case {
    name: String,
    outcome: Outcome,
    /// What is said besides.
    output: String,
}

enum Outcome {
    Passed,
    /// Something is wrong: heading, and the whole of it.
    Failed(String, String),
    /// It could not be found out.
    Errored(String, String),
}

/// The report. What is refused fails; warnings and notes are the output of cases that pass.
#[must_use]
pub fn render(review: &Review) -> String {
    let suites: Vec<(&str, Vec<Case>)> =
        ranked(&review.clusters).into_iter().map(|(_, reviewed)| (reviewed.name(), cases(reviewed))).collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let totals = counts(suites.iter().flat_map(|(_, cases)| cases));
    let _ = writeln!(out, "<testsuites name=\"{}\"{totals}>", review.command());
    for (name, cases) in &suites {
        let _ = writeln!(out, "  <testsuite name=\"{}\"{}>", xml(name), counts(cases.iter()));
        for case in cases {
            render_case(name, case, &mut out);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case>) -> String {
    let (mut tests, mut failures, mut errors) = (0, 0, 0);
    for case in cases {
        tests += 1;
        match case.outcome {
            Outcome::Passed => {}
            Outcome::Failed(..) => failures += 1,
            Outcome::Errored(..) => errors += 1,
        }
    }
    format!(" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\"")
}

fn render_case(suite: &str, case: &Case, out: &mut String) {
    let _ = write!(out, "    <testcase classname=\"{}\" name=\"{}\"", xml(suite), xml(&case.name));
    let element = match &case.outcome {
        Outcome::Passed => None,
        Outcome::Failed(heading, text) => Some(("failure", heading, text)),
        Outcome::Errored(heading, text) => Some(("error", heading, text)),
    };
    if element.is_none() && case.output.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    if let Some((element, heading, text)) = element {
        let _ = writeln!(out, "      <{element} message=\"{}\">{}</{element}>", xml(heading), xml(text));
    }
    if !case.output.is_empty() {
        let _ = writeln!(out, "      <system-out>{}</system-out>", xml(&case.output));
    }
    out.push_str("    </testcase>\n");
}

/// The plan, then one case for each rule that has something to say.
fn cases(reviewed: &Reviewed) -> Vec<Case> {
    let said = remarks(reviewed);
    let plan = match reviewed {
        Reviewed::Planned(_) => Case { name: "plan".to_owned(), outcome: Outcome::Passed, output: headline(reviewed) },
        Reviewed::Failed(failure) => {
            let text = failure.causes.iter().chain(&failure.hints).map(String::as_str).collect::<Vec<_>>().join("\n");
            Case {
                name: "plan".to_owned(),
                outcome: Outcome::Errored(failure.summary.clone(), text),
                output: String::new(),
            }
        }
    };
    let mut rules: BTreeMap<(Source, &str), Vec<&Remark>> = BTreeMap::new();
    for remark in &said {
        rules.entry((remark.source, &remark.rule)).or_default().push(remark);
    }
    std::iter::once(plan).chain(rules.into_iter().map(|((source, rule), said)| of_rule(source, rule, &said))).collect()
}

fn of_rule(source: Source, rule: &str, said: &[&Remark]) -> Case {
    let lines = |wanted: &dyn Fn(Level) -> bool| -> Vec<String> {
        let chosen = said.iter().filter(|remark| wanted(remark.level));
        chosen
            .map(|remark| match &remark.position {
                Some(place) => format!("{place}: {}", remark.sentence()),
                None => remark.sentence(),
            })
            .collect()
    };
    let (errors, others) = (lines(&|level| level == Level::Error), lines(&|level| level != Level::Error));
    let kind = match source {
        Source::Kedge => "check",
        Source::Policy => "policy",
        Source::Manifest => "manifest",
    };
    Case {
        name: format!("{kind} {rule}"),
        outcome: match errors.first() {
            Some(first) => Outcome::Failed(first.clone(), errors.join("\n")),
            None => Outcome::Passed,
        },
        output: others.join("\n"),
    }
}
