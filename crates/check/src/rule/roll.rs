//! `instances-to-roll`: running instances keep what they were launched with.

use kedge_resource::Plan;
use kedge_resource::plan::{Note, Severity};

use super::note;
use crate::CheckOptions;

pub(super) fn check(plan: &Plan, _: &CheckOptions) -> Vec<Note> {
    if plan.report.instances_to_roll.is_empty() {
        return Vec::new();
    }
    let text = format!(
        "running instances of {} stay as they are: only new instances get the change, so replace them afterwards",
        plan.report.instances_to_roll.join(", ")
    );
    vec![note(Severity::Info, "instances-to-roll", None, text)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plan;

    #[test]
    fn groups_are_named() {
        let mut plan = plan(Vec::new());
        assert_eq!(check(&plan, &CheckOptions::default()), []);
        plan.report.instances_to_roll = vec!["nodes-a".to_owned(), "nodes-b".to_owned()];
        let text = "running instances of nodes-a, nodes-b stay as they are: only new instances get the change, so replace \
                    them afterwards";
        let expected = note(Severity::Info, "instances-to-roll", None, text.to_owned());
        assert_eq!(check(&plan, &CheckOptions::default()), [expected]);
    }
}
