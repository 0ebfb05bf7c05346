//! What has to go so that an account holds nothing of a cluster.

use std::collections::BTreeSet;

use kedge_check::CheckOptions;
use kedge_cloud::{Observe, Scope};
use kedge_planner::{PlanContext, plan_delete};
use kedge_resource::ClusterName;

use crate::boot::{self, BootSource};
use crate::error::OpError;
use crate::proposal::Proposal;

/// Plans the removal of everything that carries the ownership tag of the cluster, whoever made it, and of what instances boot
/// with in `source`. It is refused if they boot from another store, unless that may be left as it is.
///
/// # Errors
/// The account does not answer, or the planner finds no plan.
pub async fn plan<O: Observe>(
    cloud: &O,
    cluster: &ClusterName,
    source: Option<&BootSource>,
    leave_store: bool,
) -> Result<Proposal, OpError> {
    let identity = async { cloud.identity().await.map_err(OpError::cloud("find out who is asking")) };
    let inventory = async {
        cloud.inventory(cluster, Scope::Everything).await.map_err(OpError::cloud("read what the account holds"))
    };
    let (identity, inventory) = tokio::try_join!(identity, inventory)?;
    let context = PlanContext { account_id: identity.account_id, region: identity.region };
    let mut plan = plan_delete(&inventory, &context).map_err(OpError::Plan)?;
    plan.report.notes.extend(boot::delete_notes(source, &inventory, leave_store));
    // Whoever deletes a cluster means its volumes too: the command asks for the cluster's name, or was told --yes.
    let allow_destroy: BTreeSet<_> = plan.changes.iter().map(|change| change.key.clone()).collect();
    Ok(Proposal::new(plan, CheckOptions { allow_destroy, protected: BTreeSet::new() }))
}
