//! `instances-to-roll`: running instances keep what they were launched with.

use std::collections::BTreeSet;

use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Action, Kind, Plan};

use super::note;
use crate::CheckOptions;

pub(super) fn check(plan: &Plan, _: &CheckOptions) -> Vec<Note> {
    if plan.report.instances_to_roll.is_empty() {
        return Vec::new();
    }
    let group = |group: &String| match why(plan, group) {
        why if why.is_empty() => group.clone(),
        why => format!("{group} ({})", why.into_iter().collect::<Vec<_>>().join(", ")),
    };
    let groups: Vec<String> = plan.report.instances_to_roll.iter().map(group).collect();
    let text = format!(
        "running instances of {} stay as they are: only new instances get the change, so replace them afterwards",
        groups.join(", ")
    );
    vec![note(Severity::Info, "instances-to-roll", None, text)]
}

/// What of a group changes that its running instances do not get: properties of its template, and what user data fetches.
fn why(plan: &Plan, group: &str) -> BTreeSet<String> {
    let names = ["", ".masters", ".apiservers"].map(|role| format!("{group}{role}.{}", plan.cluster));
    let changes = |kind: Kind, name: &str| {
        let is = |known: &&kedge_resource::Change| known.key.kind == kind && known.key.name == name;
        plan.changes.iter().find(is).filter(|change| change.action != Action::Delete)
    };
    let template = names.iter().find_map(|name| changes(Kind::LaunchTemplate, name));
    let properties = template.iter().flat_map(|change| &change.fields).map(|field| field.property().to_owned());
    let mut found: BTreeSet<String> = properties.filter(|property| property != "Tags").collect();
    if found.contains("UserData") {
        let mut fetched = BTreeSet::new();
        if changes(Kind::StoreObject, &format!("nodes/{group}/config")).is_some() {
            fetched.insert("its configuration".to_owned());
        }
        if plan.changes.iter().any(|change| change.key.name.starts_with("nodes/kedge-node/")) {
            fetched.insert("kedge-node".to_owned());
        }
        // What user data fetches says more than that user data names it.
        if !fetched.is_empty() {
            found.remove("UserData");
            found.extend(fetched);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use kedge_resource::plan::FieldChange;

    use super::*;
    use crate::testing::{launch_template, plan, store_object, update};

    fn said(plan: &Plan) -> String {
        check(plan, &CheckOptions::default()).into_iter().map(|note| note.text).collect()
    }

    #[test]
    fn groups_are_named_with_what_changes() {
        let mut changes = Vec::new();
        for (mut change, property) in [
            (update("nodes-a.c.example.com", launch_template()), "UserData"),
            (update("nodes-b.c.example.com", launch_template()), "ImageId"),
            (update("nodes/nodes-a/config", store_object()), "Sha256"),
        ] {
            let path = property.to_owned();
            change.fields = vec![FieldChange { path, before: None, after: None, forces_replacement: false }];
            changes.push(change);
        }
        let mut plan = plan(changes);
        assert_eq!(said(&plan), "");
        plan.report.instances_to_roll = ["nodes-a", "nodes-b", "nodes-c"].map(str::to_owned).to_vec();
        assert_eq!(
            said(&plan),
            "running instances of nodes-a (its configuration), nodes-b (ImageId), nodes-c stay as they are: only new instances \
             get the change, so replace them afterwards"
        );
    }
}
