//! What has to change so that an account holds what a specification says.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use kedge_check::CheckOptions;
use kedge_cloud::{Identity, Observe, Scope};
use kedge_diag::Diagnostics;
use kedge_planner::{PlanContext, plan_apply};
use kedge_resource::inventory::Observed;
use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Desired, Facts, Inventory, Properties, ResourceKey};
use kedge_spec::resolved::Role;

use crate::boot::{self, Wanted};
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
    /// Whether instances may boot from another store than until now.
    pub move_store: bool,
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
    let PlanOptions { facts, allow_destroy, move_store } = options;
    let seen = observe(cloud, specification, facts).await?;
    propose_for(cloud, specification, &seen, allow_destroy, move_store).await
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
pub(crate) async fn propose_for<O: Observe>(
    cloud: &O,
    specification: &Specification,
    seen: &Seen,
    allow_destroy: BTreeSet<ResourceKey>,
    move_store: bool,
) -> Result<Proposal, OpError> {
    let Seen { identity, inventory, facts } = seen;
    let context = PlanContext { account_id: identity.account_id.clone(), region: identity.region.clone() };
    let mut desired = desired(specification, facts)?;
    let inventory = with_contents(cloud, &desired, inventory).await?;
    let held = held_back(cloud, specification, &desired, &inventory).await?;
    let wanted = &specification.resolved.cluster.kubernetes_version;
    let mut is_held = false;
    if !held.is_empty() {
        // What the manifests ask for may need the new version: then nothing is held back, and the note has the order.
        if let Ok(other) = lower(specification, facts, &held) {
            desired = other;
            desired.notes.push(boot::held_note(&held, wanted));
            is_held = true;
        }
    }
    desired.notes.extend(boot::notes(facts, Some(&inventory), move_store));
    desired.notes.extend(boot::upgrade_notes(&desired, &inventory, is_held));
    desired.notes.extend(boot::dns_notes(&desired, &inventory));
    propose(desired, &inventory, context, allow_destroy)
}

/// The inventory with the texts of objects that become other ones, so that people see what of them changes.
pub(crate) async fn with_contents<'a, O: Observe>(
    cloud: &O,
    desired: &Desired,
    inventory: &'a Inventory,
) -> Result<Cow<'a, Inventory>, OpError> {
    let damaged = cloud
        .damaged(&desired.resources, inventory)
        .await
        .map_err(OpError::cloud("look at what instances boot with"))?;
    let inventory = match damaged.is_empty() {
        true => Cow::Borrowed(inventory),
        false => Cow::Owned(without_digests(inventory, &damaged)),
    };
    let changes = |(number, observed): (usize, &Observed)| {
        let Properties::StoreObject(have) = &observed.properties else { return None };
        let wanted = desired.resources.iter().find(|resource| resource.key == observed.key)?;
        let Properties::StoreObject(want) = &wanted.properties else { return None };
        (want.content.is_some() && want.sha256 != have.sha256).then_some(number)
    };
    let numbers: Vec<usize> = inventory.resources.iter().enumerate().filter_map(changes).collect();
    if numbers.is_empty() {
        return Ok(inventory);
    }
    let asked = numbers.iter().filter_map(|number| Some(cloud.content(inventory.resources.get(*number)?)));
    let contents = try_join_all(asked).await.map_err(OpError::cloud("read what instances boot with now"))?;
    let mut inventory = inventory.into_owned();
    for (number, content) in numbers.into_iter().zip(contents) {
        if let Some(Properties::StoreObject(object)) =
            inventory.resources.get_mut(number).map(|observed| &mut observed.properties)
        {
            object.content = content;
        }
    }
    Ok(Cow::Owned(inventory))
}

/// The inventory in which nothing is known of what damaged objects hold, so that they are written anew.
fn without_digests(inventory: &Inventory, damaged: &[ResourceKey]) -> Inventory {
    let mut inventory = inventory.clone();
    for observed in inventory.resources.iter_mut().filter(|observed| damaged.contains(&observed.key)) {
        if let Properties::StoreObject(object) = &mut observed.properties {
            object.sha256 = None;
        }
    }
    inventory
}

/// Plans with facts alone, for an account that holds nothing of the cluster: no credentials are needed.
///
/// # Errors
/// The facts cannot give what the manifests ask for, or the planner finds no plan.
pub fn plan_offline(specification: &Specification, options: PlanOptions, facts: &Facts) -> Result<Proposal, OpError> {
    let mut desired = desired(specification, facts)?;
    desired.notes.extend(boot::notes(facts, None, false));
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
        None => lower(specification, facts, &BTreeMap::new()),
    };
    lowered.map_err(|diagnostics| OpError::Manifests(specification.manifests.attach_spans(diagnostics)))
}

/// The groups of workers that stay at the version of Kubernetes that they have, because control planes run an older one than the
/// manifests want.
async fn held_back<O: Observe>(
    cloud: &O,
    specification: &Specification,
    desired: &Desired,
    inventory: &Inventory,
) -> Result<BTreeMap<String, String>, OpError> {
    let spec = &specification.resolved;
    let rising = boot::rising_workers(spec, desired, inventory);
    if rising.is_empty() {
        return Ok(rising);
    }
    let control_planes: Vec<&str> =
        spec.groups.iter().filter(|group| group.role == Role::ControlPlane).map(|group| group.name.as_str()).collect();
    let versions = cloud
        .control_plane_versions(&control_planes)
        .await
        .map_err(OpError::cloud("read which versions control planes run"))?;
    Ok(match boot::have_risen(&versions, &spec.cluster.kubernetes_version) {
        true => BTreeMap::new(),
        false => rising,
    })
}

/// The resources of a specification, with what its instances boot with where a store offers that.
fn lower(
    specification: &Specification,
    facts: &Facts,
    held: &BTreeMap<String, String>,
) -> Result<Desired, Diagnostics> {
    let spec = &specification.resolved;
    let Some(store) = &facts.store else { return kedge_model::lower(spec, facts) };
    let Wanted { boot, objects } = boot::wanted(spec, facts, store, &specification.addon_files, held)?;
    let mut desired = kedge_model::lower_to(spec, facts, Some(&boot))?;
    desired.resources.extend(objects);
    desired.resources.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(desired)
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
