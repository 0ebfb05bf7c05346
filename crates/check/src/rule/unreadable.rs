//! `unreadable`: the plan was made without knowing a part of the account.
//!
//! What cannot be seen cannot be compared: a plan that leaves out something of the manifests is not applied, nor a deletion
//! that would not find everything. Kinds that the manifests do not ask for are only mentioned.

use kedge_resource::Plan;
use kedge_resource::inventory::Unreadable;
use kedge_resource::plan::{Note, Purpose, Severity};

use super::note;
use crate::CheckOptions;

/// Code of the planner's notes about resources that it could not plan for.
const NOT_PLANNED: &str = "not-planned";

pub(super) fn check(plan: &Plan, _: &CheckOptions) -> Vec<Note> {
    plan.report
        .unreadable
        .iter()
        .map(|part| {
            let (severity, consequence) = match plan.purpose {
                Purpose::Apply if asked_for(plan, part) => (Severity::Fatal, "the manifests ask for some"),
                Purpose::Apply | Purpose::Compare => {
                    (Severity::Warning, "the manifests ask for none; a leftover would stay")
                }
                Purpose::Delete => (Severity::Fatal, "those of the cluster would stay"),
            };
            let text = format!(
                "resources of the kind {} could not be read: {} failed with {}; {consequence}",
                part.kind, part.call, part.why
            );
            note(severity, "unreadable", None, text)
        })
        .collect()
}

/// Whether the planner had to leave out resources of this kind.
fn asked_for(plan: &Plan, part: &Unreadable) -> bool {
    let mut left_out = plan.report.notes.iter().filter(|note| note.code == NOT_PLANNED);
    left_out.any(|note| note.key.as_ref().is_some_and(|key| key.kind == part.kind))
}

#[cfg(test)]
mod tests {
    use kedge_resource::{Kind, ResourceKey};

    use super::*;
    use crate::testing::plan;

    fn seen(plan: &Plan) -> Vec<(Severity, String)> {
        check(plan, &CheckOptions::default()).into_iter().map(|note| (note.severity, note.text)).collect()
    }

    #[test]
    fn what_the_manifests_ask_for_has_to_be_readable() {
        let mut plan = plan(Vec::new());
        assert_eq!(seen(&plan), []);
        plan.report.unreadable.push(Unreadable {
            kind: Kind::Role,
            call: "iam:ListRoles".to_owned(),
            why: "access denied".to_owned(),
        });
        let start = "resources of the kind iam-role could not be read: iam:ListRoles failed with access denied; ";
        let none = format!("{start}the manifests ask for none; a leftover would stay");
        assert_eq!(seen(&plan), [(Severity::Warning, none)]);

        let key = ResourceKey::new(Kind::Role, "nodes.a.example.com");
        plan.report.notes.push(note(Severity::Warning, NOT_PLANNED, Some(&key), "assumed".to_owned()));
        assert_eq!(seen(&plan), [(Severity::Fatal, format!("{start}the manifests ask for some"))]);

        plan.report.notes.clear();
        plan.purpose = Purpose::Delete;
        assert_eq!(seen(&plan), [(Severity::Fatal, format!("{start}those of the cluster would stay"))]);
    }
}
