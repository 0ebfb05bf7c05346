//! What two versions of manifests differ in, as text: one part for each cluster, those that differ before the rest.

use kedge_resource::Difference;
use kedge_resource::difference::{ClusterDifference, Standing};

use crate::findings;
use crate::plan::{self, PlanTextOptions};
use crate::text::{Line, Role, Text};
use crate::wrap::wrap;

/// The whole difference.
#[must_use]
pub fn render(difference: &Difference, options: &PlanTextOptions<'_>) -> Text {
    let mut text = Text::new();
    text.push(Line::of(Role::Heading, format!("From {} to {}", difference.base, difference.head)));
    let (same, rest): (Vec<_>, Vec<_>) = difference.clusters.iter().partition(|cluster| is_same(cluster));
    for cluster in rest.into_iter().chain(same) {
        text.gap();
        one(difference, cluster, options, &mut text);
        if !cluster.findings.is_empty() {
            text.gap();
            text.extend(findings::render(&cluster.findings, options.width));
        }
    }
    if difference.assumed {
        text.gap();
        let sentence = "No account was asked: images, machine types and existing networks stand for themselves, and what AWS \
                        holds now may be something else.";
        for line in wrap(sentence, options.width) {
            text.push(Line::of(Role::Dim, line));
        }
    }
    text
}

/// One line for each cluster.
#[must_use]
pub fn conclusion(difference: &Difference) -> Text {
    let mut text = Text::new();
    for cluster in &difference.clusters {
        let what = match (cluster.standing, &cluster.plan) {
            (Standing::Compared, Some(plan)) if plan.is_empty() => "nothing differs".to_owned(),
            (Standing::Compared, Some(plan)) => plan::counts(plan.totals()),
            (Standing::Created, _) => "is new".to_owned(),
            (Standing::Removed, _) => "is gone".to_owned(),
            (Standing::BaseInvalid, _) => format!("{} is not valid", difference.base),
            (Standing::HeadInvalid, _) => format!("{} is not valid", difference.head),
            (Standing::Invalid, _) | (Standing::Compared, None) => "nothing to compare".to_owned(),
        };
        text.push(Line::of(Role::Heading, cluster.cluster.to_string()).with(Role::Plain, format!(": {what}")));
    }
    text
}

fn is_same(cluster: &ClusterDifference) -> bool {
    cluster.standing == Standing::Compared && cluster.plan.as_ref().is_some_and(kedge_resource::Plan::is_empty)
}

fn one(difference: &Difference, cluster: &ClusterDifference, options: &PlanTextOptions<'_>, text: &mut Text) {
    let Difference { base, head, .. } = difference;
    let name = &cluster.cluster;
    let mut headed = |heading: String, sentence: String| {
        text.push(Line::of(Role::Heading, heading));
        for line in wrap(&sentence, options.width) {
            text.push(Line::plain(line));
        }
    };
    match (cluster.standing, &cluster.plan) {
        (Standing::Invalid, _) | (_, None) => {
            headed(format!("{name}: nothing to compare"), "No version of its manifests is valid.".to_owned());
        }
        (Standing::Compared, Some(plan)) if plan.is_empty() => {
            let count = resources(plan.unchanged);
            text.push(
                Line::of(Role::Heading, name.to_string()).with(Role::Plain, format!(": nothing differs ({count})")),
            );
        }
        (Standing::Compared, Some(plan)) => text.extend(plan::render(plan, options)),
        (Standing::Created, Some(plan)) => {
            headed(format!("{name} is new"), format!("Only {head} has it."));
            plan::body(plan, options, text);
        }
        (Standing::Removed, Some(plan)) => {
            headed(
                format!("{name} is gone"),
                format!(
                    "Only {base} has it. What AWS holds of it stays until somebody deletes it: `kedge delete cluster --name \
                     {name}`."
                ),
            );
            plan::body(plan, options, text);
        }
        (Standing::BaseInvalid, Some(plan)) => {
            headed(
                format!("{name}: {base} is not valid"),
                format!("Nothing can be compared. {head} asks for {}:", resources(plan.changes.len())),
            );
            plan::sections(plan, options, text);
        }
        (Standing::HeadInvalid, Some(plan)) => {
            headed(
                format!("{name}: {head} is not valid"),
                format!("Nothing can be compared. {base} asks for {}:", resources(plan.changes.len())),
            );
            plan::sections(plan, options, text);
        }
    }
}

fn resources(count: usize) -> String {
    if count == 1 { "1 resource".to_owned() } else { format!("{count} resources") }
}
