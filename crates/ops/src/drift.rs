//! What somebody else changed: the account against the manifests that were applied last.

use jiff::Timestamp;
use kedge_cloud::Observe;
use kedge_planner::PlanContext;
use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Change, Kind, Plan};
use kedge_store::operation::Ended;
use kedge_store::{ClusterStore, OperationRecord, StoreError};

use crate::boot;
use crate::error::OpError;
use crate::manifests::Specification;
use crate::plan::{Seen, desired, observe, propose, with_contents};
use crate::proposal::Proposal;

/// The operation that applied what drift is measured against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// Number of the manifests.
    pub serial: u64,
    /// The operation.
    pub operation: u64,
    /// Who ran it.
    pub user: String,
    /// When it began.
    pub started: Timestamp,
    /// Whether it did everything.
    pub complete: bool,
    /// Version of kedge.
    pub kedge: String,
}

/// The last operation after which the current manifests were current; `None` if the store has no record of it.
///
/// # Errors
/// The store does not answer. A record that cannot be read is passed over.
pub async fn since(store: &ClusterStore, serial: u64) -> Result<Option<Since>, StoreError> {
    for number in store.operations().await? {
        match store.record(number).await {
            Ok(Some(record)) if record.serial == serial => return Ok(Some(Since::of(&record))),
            Ok(_) | Err(StoreError::Corrupt { .. } | StoreError::Newer { .. } | StoreError::Foreign { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

impl Since {
    fn of(record: &OperationRecord) -> Self {
        Self {
            serial: record.serial,
            operation: record.number,
            user: record.who.user.clone(),
            started: record.started,
            complete: matches!(record.ending, Ended::Complete { .. }),
            kedge: record.kedge.clone(),
        }
    }
}

/// The way back to what was applied last; `specification` is that of the manifests in the store. Notes about the manifests
/// themselves are left out. An image that is found by its name and has a newer version is a note: nobody changed that.
///
/// # Errors
/// The account does not answer, or the planner finds no plan.
pub async fn drift<O: Observe>(
    cloud: &O,
    specification: &Specification,
    since: Option<&Since>,
) -> Result<Proposal, OpError> {
    let seen = observe(cloud, specification, None).await?;
    let Seen { identity, inventory, facts } = &seen;
    let mut desired = desired(specification, facts)?;
    desired.notes = boot::notes(facts, Some(inventory), false);
    desired.notes.retain(|note| note.severity == Severity::Fatal);
    let inventory = with_contents(cloud, &desired, inventory).await?;
    let context = PlanContext { account_id: identity.account_id.clone(), region: identity.region.clone() };
    let by_name =
        |group: &str| specification.resolved.groups.iter().any(|it| it.name == group && !it.image.starts_with("ami-"));
    let proposal = propose(desired, &inventory, context, Default::default())?;
    let mut plan = proposal.into_plan();
    let mut notes = moved_images(&mut plan, by_name);
    notes.extend(since.into_iter().flat_map(Since::remarks));
    // What applying would have to be allowed or would leave to do is no part of what somebody else did.
    plan.report
        .notes
        .retain(|note| ["unreadable", "not-planned", "store-needed", "store-changed"].contains(&note.code.as_str()));
    plan.report.notes.extend(notes);
    plan.report.notes.sort();
    Ok(Proposal::unchecked(plan))
}

impl Since {
    /// Why a difference may be nobody else's doing.
    fn remarks(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut note = |code: &str, text: String| {
            notes.push(Note { severity: Severity::Warning, code: code.to_owned(), text, key: None });
        };
        if !self.complete {
            let text =
                format!("operation {} did not do everything: what it left is among the differences", self.operation);
            note("not-all-applied", text);
        }
        if self.kedge != env!("CARGO_PKG_VERSION") {
            let now = env!("CARGO_PKG_VERSION");
            let text =
                format!("kedge {} applied this, and {now} may ask for more: that is among the differences", self.kedge);
            note("another-kedge", text);
        }
        notes
    }
}

/// Takes out of a plan that an image which was found by its name has a newer version now.
fn moved_images(plan: &mut Plan, by_name: impl Fn(&str) -> bool) -> Vec<Note> {
    let mut notes = Vec::new();
    let cluster = plan.cluster.clone();
    let mut moved = |change: &mut Change| {
        let name = change.key.name.strip_suffix(cluster.as_str()).and_then(|name| name.strip_suffix('.'));
        let bare = name.map(|name| name.trim_end_matches(".masters").trim_end_matches(".apiservers"));
        if change.key.kind != Kind::LaunchTemplate || !bare.is_some_and(&by_name) {
            return;
        }
        if let Some(at) = change.fields.iter().position(|field| field.path == "ImageId") {
            let field = change.fields.remove(at);
            let newest = field.after.as_ref().and_then(|id| id.as_str()).unwrap_or_default();
            notes.push(Note {
                severity: Severity::Info,
                code: "newer-image".to_owned(),
                text: format!(
                    "{} would get the image {newest} with the next apply: its name means that one now",
                    change.key
                ),
                key: Some(change.key.clone()),
            });
        }
    };
    plan.changes.iter_mut().for_each(&mut moved);
    let before = plan.changes.len();
    let image_only = |change: &Change| change.fields.is_empty() && change.before.is_some() && change.after.is_some();
    plan.changes.retain(|change| !image_only(change));
    plan.unchanged += before - plan.changes.len();
    notes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kedge_resource::plan::{FieldChange, PLAN_FORMAT_VERSION, PlanReport, Purpose};
    use kedge_resource::{Action, ClusterName, Handle, Observed, Ownership, Reason, ResourceKey};

    use super::*;

    fn template(group: &str, paths: &[&str]) -> Change {
        let key = ResourceKey::new(Kind::LaunchTemplate, format!("{group}.c.example.com"));
        let value = serde_json::json!({"Type": "AWS::EC2::KeyPair", "Properties": {"Tags": {}}});
        let properties: kedge_resource::Properties = serde_json::from_value(value).unwrap();
        Change {
            before: Some(Observed {
                key: key.clone(),
                handle: Handle::new("lt"),
                ownership: Ownership::Owned,
                properties: properties.clone(),
            }),
            key,
            action: Action::Update,
            reason: Reason::Differs,
            fields: paths
                .iter()
                .map(|path| FieldChange {
                    path: (*path).to_owned(),
                    before: None,
                    after: Some("ami-2".into()),
                    forces_replacement: false,
                })
                .collect(),
            after: Some(properties),
            needs: BTreeSet::new(),
            remove_needs: BTreeSet::new(),
            replacement: None,
            batch: None,
        }
    }

    #[test]
    fn a_newer_image_of_a_name_is_nobodys_doing() {
        let mut plan = Plan {
            format_version: PLAN_FORMAT_VERSION,
            purpose: Purpose::Apply,
            cluster: ClusterName::parse("c.example.com").unwrap(),
            account_id: String::new(),
            region: String::new(),
            changes: vec![
                template("cp.masters", &["ImageId"]),
                template("fixed", &["ImageId"]),
                template("nodes", &["ImageId", "InstanceType"]),
            ],
            unchanged: 3,
            handles: Default::default(),
            report: PlanReport::default(),
        };
        let notes = moved_images(&mut plan, |group| group != "fixed");
        let left: Vec<_> = plan.changes.iter().map(|it| (it.key.name.as_str(), it.fields.len())).collect();
        assert_eq!(left, [("fixed.c.example.com", 1), ("nodes.c.example.com", 1)]);
        assert_eq!((notes.len(), plan.unchanged), (2, 4));
    }
}
