//! `unreadable`: the plan was made without knowing a part of the account.

use kedge_resource::Plan;
use kedge_resource::plan::{Note, Purpose, Severity};

use super::note;
use crate::CheckOptions;

pub(super) fn check(plan: &Plan, _: &CheckOptions) -> Vec<Note> {
    let consequence = match plan.purpose {
        Purpose::Apply => "they are assumed to be as the manifests ask",
        Purpose::Delete => "those of the cluster stay",
    };
    plan.report
        .unreadable
        .iter()
        .map(|part| {
            let text = format!(
                "resources of the kind {} could not be read: {} failed with {}; {consequence}",
                part.kind, part.call, part.why
            );
            note(Severity::Warning, "unreadable", None, text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use kedge_resource::Kind;
    use kedge_resource::inventory::Unreadable;

    use super::*;
    use crate::testing::plan;

    #[test]
    fn each_part_is_named_with_the_call() {
        let mut plan = plan(Vec::new());
        assert_eq!(check(&plan, &CheckOptions::default()), []);
        plan.report.unreadable.push(Unreadable {
            kind: Kind::Role,
            call: "iam:ListRoles".to_owned(),
            why: "access denied".to_owned(),
        });
        let text = "resources of the kind iam-role could not be read: iam:ListRoles failed with access denied; they are \
                    assumed to be as the manifests ask";
        let expected = note(Severity::Warning, "unreadable", None, text.to_owned());
        assert_eq!(check(&plan, &CheckOptions::default()), [expected]);
    }
}
