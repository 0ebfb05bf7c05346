//! Tokens to join with: one for each group, for a day at the most, renewed when half of that is over.

use jiff::SignedDuration;
use kedge_pki::{Keyset, Purpose};
use kedge_store::JoinInfo;

use crate::agent::Agent;
use crate::error::StepError;

/// How long a token is good.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// How long it is good still when it is replaced.
const RENEWED: SignedDuration = SignedDuration::from_hours(12);

/// Makes tokens for groups whose token ends soon, or that have none that the cluster knows: after a restore of etcd it may not
/// know what the store has. A token is in the cluster before it is in the store: whoever reads it can use it.
pub(crate) async fn renew(agent: &Agent) -> Result<Option<String>, StepError> {
    let store = &agent.ports.store;
    // Not those in the files of this instance: control planes follow the store one after the other, and would undo each other's.
    let keysets = store.keysets().await?;
    let authorities = keysets.get(Purpose::KubernetesCa).map(Keyset::bundle).unwrap_or_default();
    let mut renewed = Vec::new();
    let mut groups = store.node_groups().await?;
    groups.insert(agent.config.group.clone());
    for group in groups {
        let now = agent.host().now();
        let fits = |info: &JoinInfo| {
            info.expires.duration_since(now) > RENEWED
                && info.authorities == authorities
                && info.endpoint == agent.config.endpoint
        };
        if let Some(info) = store.join_info(&group).await?.filter(fits)
            && agent.ports.cluster.has_token(info.token.id()).await?
        {
            continue;
        }
        let expires = now + LIFETIME;
        let token = agent.ports.cluster.make_token(&group, expires).await?;
        let cluster = agent.config.cluster.clone();
        let info = JoinInfo::new(cluster, &agent.config.endpoint, authorities.clone(), token, expires);
        store.put_join_info(&group, &info).await?;
        renewed.push(group);
    }
    Ok((!renewed.is_empty()).then(|| format!("new ones for {}", renewed.join(", "))))
}
