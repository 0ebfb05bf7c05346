//! What has to change so that an account holds what a specification says.

use std::collections::BTreeSet;

use kedge_check::CheckOptions;
use kedge_cloud::{Identity, Observe, Scope};
use kedge_diag::Diagnostics;
use kedge_planner::{PlanContext, plan_apply};
use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Desired, Facts, Inventory, ResourceKey};

use crate::error::OpError;
use crate::manifests::Specification;
use crate::proposal::Proposal;
use crate::region;

/// What a person says about a plan beforehand.
#[derive(Clone, Debug, Default)]
pub struct PlanOptions {
    /// Facts to take instead of asking the account.
    pub facts: Option<Facts>,
    /// Resources that hold state and may be removed or replaced.
    pub allow_destroy: BTreeSet<ResourceKey>,
}

/// Plans against an account. Who asks, what the account offers and what it holds are asked for at the same time.
///
/// # Errors
/// The account does not answer, cannot give what the manifests ask for, or the planner finds no plan.
pub async fn plan<O: Observe>(
    cloud: &O,
    specification: &Specification,
    options: PlanOptions,
) -> Result<Proposal, OpError> {
    let PlanOptions { facts, allow_destroy } = options;
    let seen = observe(cloud, specification, facts).await?;
    propose_for(specification, &seen, allow_destroy)
}

/// What an account says of itself and of a cluster.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) identity: Identity,
    pub(crate) inventory: Inventory,
    pub(crate) facts: Facts,
}

/// Looks at an account; `facts` are taken instead of asking for them.
pub(crate) async fn observe<O: Observe>(
    cloud: &O,
    specification: &Specification,
    facts: Option<Facts>,
) -> Result<Seen, OpError> {
    let identity = async { cloud.identity().await.map_err(OpError::cloud("find out who is asking")) };
    let inventory = async {
        cloud
            .inventory(specification.cluster(), Scope::Manifests)
            .await
            .map_err(OpError::cloud("read what the account holds"))
    };
    let asked = async {
        match facts {
            Some(facts) => Ok(facts),
            None => {
                let query = kedge_model::facts_query(&specification.resolved);
                cloud.facts(&query).await.map_err(OpError::cloud("read what the account offers"))
            }
        }
    };
    let (identity, inventory, facts) = tokio::try_join!(identity, inventory, asked)?;
    Ok(Seen { identity, inventory, facts })
}

/// Plans for what was seen.
pub(crate) fn propose_for(
    specification: &Specification,
    seen: &Seen,
    allow_destroy: BTreeSet<ResourceKey>,
) -> Result<Proposal, OpError> {
    let Seen { identity, inventory, facts } = seen;
    let context = PlanContext { account_id: identity.account_id.clone(), region: identity.region.clone() };
    propose(desired(specification, facts)?, inventory, context, allow_destroy)
}

/// Plans with facts alone, for an account that holds nothing of the cluster: no credentials are needed.
///
/// # Errors
/// The facts cannot give what the manifests ask for, or the planner finds no plan.
pub fn plan_offline(specification: &Specification, options: PlanOptions, facts: &Facts) -> Result<Proposal, OpError> {
    let mut desired = desired(specification, facts)?;
    desired.notes.push(Note {
        severity: Severity::Info,
        code: "account-not-asked".to_owned(),
        text: "This plan was made from a facts document, as if the account held nothing of the cluster: what exists \
               already is planned all the same."
            .to_owned(),
        key: None,
    });
    let inventory = Inventory::empty(specification.cluster().clone());
    let context = PlanContext { account_id: facts.account_id.clone(), region: facts.region.clone() };
    propose(desired, &inventory, context, options.allow_destroy)
}

/// Lowers a specification; what is wrong gets the places of the fields.
pub(crate) fn desired(specification: &Specification, facts: &Facts) -> Result<Desired, OpError> {
    let lowered = match region::elsewhere(&specification.resolved, facts) {
        Some(diagnostic) => {
            let mut diagnostics = Diagnostics::default();
            diagnostics.push(diagnostic);
            Err(diagnostics)
        }
        None => kedge_model::lower(&specification.resolved, facts),
    };
    lowered.map_err(|diagnostics| OpError::Manifests(specification.manifests.attach_spans(diagnostics)))
}

pub(crate) fn propose(
    desired: Desired,
    inventory: &Inventory,
    context: PlanContext,
    allow_destroy: BTreeSet<ResourceKey>,
) -> Result<Proposal, OpError> {
    let plan = plan_apply(&desired, inventory, &context).map_err(OpError::Plan)?;
    let protected = desired.protected.iter().cloned().collect();
    Ok(Proposal::new(plan, CheckOptions { allow_destroy, protected }).with_desired(desired.resources))
}
