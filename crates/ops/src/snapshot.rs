//! What an account offers and holds, written down, so that a plan can be made later and elsewhere without credentials.

use std::collections::BTreeMap;

use camino::Utf8Path;
use jiff::{SignedDuration, Timestamp};
use kedge_cloud::Observe;
use kedge_planner::PlanContext;
use kedge_resource::plan::{Note, Severity};
use kedge_resource::{ClusterName, Desired, Facts, FactsQuery, Inventory, Observed, Properties, ResourceKey};
use kedge_store::manifests::digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::boot;
use crate::error::OpError;
use crate::load::{self, LoadError};
use crate::manifests::Specification;
use crate::plan::{PlanOptions, Seen, desired, observe, propose};
use crate::proposal::Proposal;
use crate::region;

/// Version of the format that this code writes.
pub const SNAPSHOT_FORMAT_VERSION: u32 = 1;

/// What an account offers and holds. It has what AWS's describe calls answer and nothing of a state store: no secret of kedge's,
/// no credential and no identity of whoever took it. User data, in which people hide secrets, is a fingerprint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountSnapshot {
    /// Version of this format; a reader refuses versions that it does not know.
    pub format_version: u32,
    /// Version of kedge that took it.
    pub kedge: String,
    /// When it was taken.
    #[schemars(with = "String")]
    pub taken: Timestamp,
    /// The account, twelve digits.
    pub account_id: String,
    /// The clusters, by name.
    pub clusters: Vec<RecordedCluster>,
}

/// What an account offers to a cluster and holds of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordedCluster {
    /// What was asked for.
    pub asked: FactsQuery,
    /// What the account offers of that.
    pub facts: Facts,
    /// What it holds.
    pub inventory: Inventory,
}

/// Why a snapshot is of no use.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The file could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It is no snapshot.
    #[error("{path} is not a snapshot of an account: {why}")]
    NotOne {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// It was taken by a later kedge.
    #[error("{path} has format version {found}; this kedge reads up to {SNAPSHOT_FORMAT_VERSION}")]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: u64,
    },
    /// It is of something else.
    #[error("the snapshot is of {found}, and {wanted} is wanted")]
    Elsewhere {
        /// What is wanted, such as `account 123456789012`.
        wanted: String,
        /// What it is of.
        found: String,
    },
    /// The cluster is not in it.
    #[error("the snapshot knows nothing of {cluster}")]
    NoCluster {
        /// The cluster.
        cluster: ClusterName,
        /// The clusters that are in it.
        has: Vec<ClusterName>,
    },
    /// It is too old.
    #[error("the snapshot was taken at {taken}, and may be {limit} old at the most")]
    TooOld {
        /// When it was taken.
        taken: Timestamp,
        /// How old it may be.
        limit: String,
    },
    /// No plan could be made from it.
    #[error(transparent)]
    Op(#[from] OpError),
}

/// Looks at an account and writes down what it offers to a cluster and holds of it. The hosted zones are recorded for every
/// cluster, so that a later edit may use them.
///
/// # Errors
/// The account does not answer.
pub async fn record<O: Observe>(
    cloud: &O,
    specification: &Specification,
) -> Result<(String, RecordedCluster), OpError> {
    let asked = FactsQuery { hosted_zones: true, ..kedge_model::facts_query(&specification.resolved) };
    let facts = async { cloud.facts(&asked).await.map_err(OpError::cloud("read what the account offers")) };
    // The facts that `observe` would ask for are these.
    let (facts, seen) = tokio::try_join!(facts, observe(cloud, specification, Some(Facts::default())))?;
    let Seen { identity, mut inventory, facts: _ } = seen;
    for text in inventory.resources.iter_mut().filter_map(user_data) {
        *text = fingerprint(text);
    }
    Ok((identity.account_id, RecordedCluster { asked, facts, inventory }))
}

impl AccountSnapshot {
    /// Reads a snapshot.
    ///
    /// # Errors
    /// The file cannot be read or is no snapshot.
    pub fn read(path: &Utf8Path) -> Result<Self, SnapshotError> {
        let text = load::text(path)?;
        let not_one = |why: String| SnapshotError::NotOne { path: path.to_string(), why };
        let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| not_one(error.to_string()))?;
        match value.get("formatVersion").and_then(serde_json::Value::as_u64) {
            Some(found) if found > u64::from(SNAPSHOT_FORMAT_VERSION) => {
                return Err(SnapshotError::Newer { path: path.to_string(), found });
            }
            Some(_) => {}
            None => return Err(not_one("it has no formatVersion".to_owned())),
        }
        serde_json::from_value(value).map_err(|error| not_one(error.to_string()))
    }

    /// Refuses a snapshot that is older than `limit`.
    ///
    /// # Errors
    /// [`SnapshotError::TooOld`].
    pub fn fresh(&self, now: Timestamp, limit: SignedDuration) -> Result<(), SnapshotError> {
        let age = now.duration_since(self.taken);
        if age <= limit {
            return Ok(());
        }
        Err(SnapshotError::TooOld { taken: self.taken, limit: said(limit) })
    }

    /// Plans for what the snapshot holds of a cluster. What the manifests name now and nobody asked for then is assumed to be
    /// there, and a warning says so.
    ///
    /// # Errors
    /// The snapshot is of another region or has nothing of the cluster, the account cannot give what the manifests ask for, or
    /// the planner finds no plan.
    pub fn plan(&self, specification: &Specification, options: PlanOptions) -> Result<Proposal, SnapshotError> {
        let cluster = specification.cluster();
        let recorded = self.clusters.iter().find(|recorded| recorded.inventory.cluster == *cluster);
        let recorded = recorded.ok_or_else(|| SnapshotError::NoCluster {
            cluster: cluster.clone(),
            has: self.clusters.iter().map(|recorded| recorded.inventory.cluster.clone()).collect(),
        })?;
        let found = &recorded.facts.region;
        if let Some(wanted) = region::of(&specification.resolved).filter(|wanted| wanted != found) {
            return Err(SnapshotError::Elsewhere {
                wanted: format!("region {wanted}"),
                found: format!("region {found}"),
            });
        }
        let mut facts = recorded.facts.clone();
        let missing = kedge_model::fill_in(&mut facts, &recorded.asked, &specification.resolved);
        let mut desired = desired(specification, &facts)?;
        desired.notes.extend(boot::notes(&facts, None, false));
        desired.notes.push(note(Severity::Info, "from-snapshot", self.remark()));
        desired.notes.extend(missing.into_iter().map(|what| {
            let text =
                format!("the snapshot knows nothing of {what}, which the manifests name now: it is taken for granted");
            note(Severity::Warning, "not-in-snapshot", text)
        }));
        let inventory = recognised(&recorded.inventory, &desired);
        let context = PlanContext { account_id: self.account_id.clone(), region: facts.region.clone() };
        Ok(propose(desired, &inventory, context, options.allow_destroy)?)
    }

    fn remark(&self) -> String {
        format!(
            "this plan was made from a snapshot of the account of {}: what has moved since is not in it",
            self.taken
        )
    }
}

/// The user data of a launch template.
fn user_data(observed: &mut Observed) -> Option<&mut String> {
    match &mut observed.properties {
        Properties::LaunchTemplate(template) => template.user_data.as_mut(),
        _ => None,
    }
}

/// What stands for a text that is not written down.
fn fingerprint(text: &str) -> String {
    format!("SHA-256 {}", digest(text))
}

/// An inventory with the user data that is desired wherever its fingerprint is the recorded one.
fn recognised(inventory: &Inventory, desired: &Desired) -> Inventory {
    let mut inventory = inventory.clone();
    let mut wanted: BTreeMap<&ResourceKey, &str> = BTreeMap::new();
    for resource in &desired.resources {
        if let Properties::LaunchTemplate(template) = &resource.properties {
            wanted.extend(template.user_data.as_deref().map(|text| (&resource.key, text)));
        }
    }
    for observed in &mut inventory.resources {
        let same = wanted.get(&observed.key).copied();
        if let (Some(same), Some(text)) = (same, user_data(observed))
            && *text == fingerprint(same)
        {
            same.clone_into(text);
        }
    }
    inventory
}

fn note(severity: Severity, code: &str, text: String) -> Note {
    Note { severity, code: code.to_owned(), text, key: None }
}

/// A duration in its two largest units.
fn said(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (size, unit) in units {
        let count = rest / size;
        rest %= size;
        if count > 0 && parts.len() < 2 {
            parts.push(format!("{count} {unit}"));
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_two_units() {
        let said = |seconds| said(SignedDuration::from_secs(seconds));
        assert_eq!(["0 s", "1 min 30 s", "2 h", "3 d 4 h"], [said(0).as_str(), &said(90), &said(7200), &said(273_800)]);
    }

    #[test]
    fn a_snapshot_that_is_too_old_is_refused() {
        let snapshot = AccountSnapshot {
            format_version: SNAPSHOT_FORMAT_VERSION,
            kedge: String::new(),
            taken: "2026-01-01T00:00:00Z".parse().unwrap(),
            account_id: "123456789012".to_owned(),
            clusters: Vec::new(),
        };
        let limit = SignedDuration::from_hours(24);
        let now = |text: &str| text.parse().unwrap();
        snapshot.fresh(now("2026-01-02T00:00:00Z"), limit).unwrap();
        // A clock that goes wrong by a little is no reason to refuse.
        snapshot.fresh(now("2025-12-31T23:59:00Z"), limit).unwrap();
        let error = snapshot.fresh(now("2026-01-02T00:00:01Z"), limit).unwrap_err();
        assert_eq!(error.to_string(), "the snapshot was taken at 2026-01-01T00:00:00Z, and may be 1 d old at the most");
    }
}
