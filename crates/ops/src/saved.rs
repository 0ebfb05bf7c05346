//! Plans that are saved now and applied later, exactly as they were reviewed or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8Path;
use kedge_cloud::Observe;
use kedge_diag::Source;
use kedge_resource::{Facts, Plan, ResourceKey};
use kedge_spec::resolved::Feature;
use kedge_store::Snapshot;
use kedge_store::manifests::digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::OpError;
use crate::load::{self, LoadError};
use crate::manifests::{ManifestOptions, Specification};
use crate::plan::{PlanOptions, observe, propose_for};
use crate::proposal::Proposal;

mod moved;

pub use moved::moved;

/// Version of the format that this code writes.
pub const SAVED_PLAN_FORMAT_VERSION: u32 = 1;

/// A plan with everything that it was made from, so that it can be made again and compared.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SavedPlan {
    /// Version of this format; a reader refuses versions that it does not know.
    pub format_version: u32,
    /// SHA-256 of `content` as kedge writes it, as hexadecimal digits.
    pub digest: String,
    /// What is saved.
    pub content: SavedContent,
}

/// What is saved of a plan.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SavedContent {
    /// Version of kedge that made it.
    pub kedge: String,
    /// The plan.
    pub plan: Plan,
    /// The manifests that it is for.
    pub manifests: Vec<SavedManifests>,
    /// What besides the manifests decided it.
    pub options: SavedOptions,
    /// Files of the user's own add-ons.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub addon_files: BTreeMap<String, String>,
    /// What the account offered.
    pub facts: Facts,
    /// The state store at that time; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<SavedBase>,
}

/// A text of manifests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SavedManifests {
    /// Path that it was read from.
    pub name: String,
    /// The text.
    pub text: String,
}

/// What besides the manifests decided a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SavedOptions {
    /// Unknown fields were allowed.
    pub allow_unknown_fields: bool,
    /// SSH public key of the command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_public_key: Option<String>,
    /// Preview features that were on.
    pub api_server_nodes: bool,
    /// Resources that hold state and may be removed or replaced.
    pub allow_destroy: BTreeSet<ResourceKey>,
    /// Instances may boot from another store than until then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub move_store: bool,
}

/// The state store when a plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SavedBase {
    /// The store.
    pub place: String,
    /// Its history; absent if it knew nothing of the cluster.
    pub lineage: Option<String>,
    /// Number of the current manifests.
    pub serial: u64,
}

impl SavedBase {
    /// What a look at a store has seen.
    #[must_use]
    pub fn of(place: String, snapshot: &Snapshot) -> Self {
        let head = snapshot.head.as_ref();
        Self {
            place,
            lineage: head.map(|head| head.lineage.clone()),
            serial: head.map(|head| head.serial).unwrap_or_default(),
        }
    }
}

/// Why a saved plan is not applied.
#[derive(Debug, Error)]
pub enum SavedPlanError {
    /// The file could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It is no saved plan.
    #[error("{path} is not a saved plan: {why}")]
    NotOne {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// It was changed after it was saved.
    #[error("{path} was changed after it was saved: its content does not fit its digest")]
    Tampered {
        /// The file.
        path: String,
    },
    /// It was saved by a later kedge.
    #[error("{path} has format version {found}; this kedge reads up to {SAVED_PLAN_FORMAT_VERSION}")]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: u64,
    },
    /// It is for something else than what it is applied to.
    #[error("the plan is for {wanted}, and this is {found}")]
    Elsewhere {
        /// What it is for, such as `account 123456789012`.
        wanted: String,
        /// What this is.
        found: String,
    },
    /// What it was made for has moved.
    #[error("the plan is stale: applying it now would not do what was reviewed")]
    Stale {
        /// What has moved: sentences.
        moved: Vec<String>,
    },
    /// Looking at the account failed.
    #[error(transparent)]
    Op(#[from] OpError),
}

/// A plan and what it was made from.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The plan.
    pub proposal: Proposal,
    /// What the account offered.
    pub facts: Facts,
    /// Whether instances may boot from another store than until now.
    pub move_store: bool,
}

/// As [`crate::plan::plan`], and keeps what is needed to save the plan.
///
/// # Errors
/// As there.
pub async fn plan<O: Observe>(
    cloud: &O,
    specification: &Specification,
    options: PlanOptions,
) -> Result<Planned, OpError> {
    let PlanOptions { facts, allow_destroy, move_store } = options;
    let seen = observe(cloud, specification, facts).await?;
    let proposal = propose_for(cloud, specification, &seen, allow_destroy, move_store).await?;
    Ok(Planned { proposal, facts: seen.facts, move_store })
}

impl SavedPlan {
    /// Saves a plan with what it was made from.
    #[must_use]
    pub fn new(planned: &Planned, specification: &Specification, base: Option<SavedBase>, kedge: &str) -> Self {
        let ManifestOptions { allow_unknown_fields, cluster: _, ssh_public_key, features } = &specification.options;
        let manifests = specification.sources.iter();
        let content = SavedContent {
            kedge: kedge.to_owned(),
            plan: planned.proposal.plan().clone(),
            manifests: manifests
                .map(|source| SavedManifests { name: source.name.clone(), text: source.text.clone() })
                .collect(),
            options: SavedOptions {
                allow_unknown_fields: *allow_unknown_fields,
                ssh_public_key: ssh_public_key.clone(),
                api_server_nodes: features.contains(&Feature::ApiServerNodes),
                allow_destroy: planned.proposal.allowed().clone(),
                move_store: planned.move_store,
            },
            addon_files: specification.addon_files.clone(),
            facts: planned.facts.clone(),
            base,
        };
        Self { format_version: SAVED_PLAN_FORMAT_VERSION, digest: content.digest(), content }
    }

    /// Reads a saved plan and checks that nobody has changed it.
    ///
    /// # Errors
    /// The file cannot be read, is no saved plan, or was changed.
    pub fn read(path: &Utf8Path) -> Result<Self, SavedPlanError> {
        let text = load::text(path)?;
        let not_one = |why: String| SavedPlanError::NotOne { path: path.to_string(), why };
        let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| not_one(error.to_string()))?;
        match value.get("formatVersion").and_then(serde_json::Value::as_u64) {
            Some(found) if found > u64::from(SAVED_PLAN_FORMAT_VERSION) => {
                return Err(SavedPlanError::Newer { path: path.to_string(), found });
            }
            Some(_) if value.get("content").is_some() => {}
            Some(_) => return Err(not_one("it has no content; `kedge plan --out FILE` writes one".to_owned())),
            None => return Err(not_one("it has no formatVersion".to_owned())),
        }
        let saved: Self = serde_json::from_value(value).map_err(|error| not_one(error.to_string()))?;
        if saved.content.digest() != saved.digest {
            return Err(SavedPlanError::Tampered { path: path.to_string() });
        }
        Ok(saved)
    }

    /// As it is written to a file.
    ///
    /// # Errors
    /// A plan holds something that JSON cannot: a bug.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// The specification that the plan was made for, made again.
    ///
    /// # Errors
    /// This kedge does not take the manifests that another one took.
    pub fn specification(&self) -> Result<Specification, OpError> {
        let SavedOptions { allow_unknown_fields, ssh_public_key, api_server_nodes, allow_destroy: _, move_store: _ } =
            &self.content.options;
        let sources: Vec<Arc<Source>> = self
            .content
            .manifests
            .iter()
            .map(|manifests| Arc::new(Source { name: manifests.name.clone(), text: manifests.text.clone() }))
            .collect();
        let options = ManifestOptions {
            allow_unknown_fields: *allow_unknown_fields,
            cluster: Some(self.content.plan.cluster.clone()),
            ssh_public_key: ssh_public_key.clone(),
            features: api_server_nodes.then_some(Feature::ApiServerNodes).into_iter().collect(),
        };
        let files = &self.content.addon_files;
        Specification::read(&sources, &options)
            .map(|specification| specification.with_addon_files(|name| files.get(name).cloned()))
            .map_err(OpError::Manifests)
    }

    /// Looks at the account and makes the plan again: it is applied only if it comes out the same.
    ///
    /// # Errors
    /// [`SavedPlanError::Elsewhere`] for another account or region, [`SavedPlanError::Stale`] if something has moved.
    pub async fn confirm<O: Observe>(
        &self,
        cloud: &O,
        specification: &Specification,
        allow_destroy: BTreeSet<ResourceKey>,
    ) -> Result<Proposal, SavedPlanError> {
        let content = &self.content;
        let seen = observe(cloud, specification, None).await?;
        for (what, wanted, found) in [
            ("account", &content.plan.account_id, &seen.identity.account_id),
            ("region", &content.plan.region, &seen.identity.region),
        ] {
            if wanted != found {
                let (wanted, found) = (format!("{what} {wanted}"), format!("{what} {found}"));
                return Err(SavedPlanError::Elsewhere { wanted, found });
            }
        }
        let same = {
            let SavedOptions { allow_destroy, move_store, .. } = &content.options;
            propose_for(cloud, specification, &seen, allow_destroy.clone(), *move_store).await?
        };
        if *same.plan() != content.plan {
            return Err(SavedPlanError::Stale { moved: moved(content, same.plan(), &seen.facts) });
        }
        let mut proposal = same;
        proposal.allow_destroy(allow_destroy);
        Ok(proposal)
    }

    /// Refuses a plan that was made before others changed what the store holds.
    ///
    /// # Errors
    /// [`SavedPlanError::Stale`].
    pub fn fits(&self, now: &SavedBase) -> Result<(), SavedPlanError> {
        let Some(base) = &self.content.base else { return Ok(()) };
        let stale = |sentence: String| Err(SavedPlanError::Stale { moved: vec![sentence] });
        match (&base.lineage, &now.lineage) {
            (Some(then), Some(now)) if then != now => stale(
                "the state store has another history than the one that the plan was made for: it was emptied, or it is \
                 another store"
                    .to_owned(),
            ),
            (Some(_), None) => {
                stale(format!("the state store {} knows nothing of the cluster; the plan was made with {}", now.place, base.place))
            }
            _ if base.serial != now.serial => stale(format!(
                "the manifests have moved: the plan was made when number {} was current, and now it is number {}",
                base.serial, now.serial
            )),
            _ => Ok(()),
        }
    }
}

impl SavedContent {
    fn digest(&self) -> String {
        // Maps have texts as keys, which is all that could fail.
        digest(&serde_json::to_string(self).unwrap_or_default())
    }
}
