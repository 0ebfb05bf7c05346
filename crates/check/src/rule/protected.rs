//! `prevent-destroy`: the manifests forbid to destroy a resource, and the plan would.
//!
//! Unlike `destroy-needs-permission` no flag overrules it: whoever wants it has to change the manifest.

use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Action, Plan};

use super::{destroys, note};
use crate::CheckOptions;

pub(super) fn check(plan: &Plan, options: &CheckOptions) -> Vec<Note> {
    plan.changes
        .iter()
        .filter(|change| destroys(change) && options.protected.contains(&change.key))
        .map(|change| {
            let verb = if change.action == Action::Replace { "replaces" } else { "deletes" };
            let text = format!("the plan {verb} {}, which kedge.dev/prevent-destroy protects", change.key);
            note(Severity::Fatal, "prevent-destroy", Some(&change.key), text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{create, delete, plan, vpc};

    #[test]
    fn protected_resources_stay() {
        let change = delete("c.example.com", vpc());
        let options = CheckOptions { protected: [change.key.clone()].into(), ..CheckOptions::default() };
        assert_eq!(check(&plan(vec![create("c.example.com", vpc())]), &options), []);
        assert_eq!(check(&plan(vec![change.clone()]), &CheckOptions::default()), []);
        let text = "the plan deletes vpc/c.example.com, which kedge.dev/prevent-destroy protects";
        let expected = note(Severity::Fatal, "prevent-destroy", Some(&change.key), text.to_owned());
        assert_eq!(check(&plan(vec![change]), &options), [expected]);
    }
}
