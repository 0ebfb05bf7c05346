//! Tokens to join with: one for each group, for a day at the most, renewed when half of that is over.

use jiff::SignedDuration;
use kedge_store::JoinInfo;

use crate::agent::Agent;
use crate::error::StepError;
use crate::step::keys::PKI;

/// How long a token is good.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// How long it is good still when it is replaced.
const RENEWED: SignedDuration = SignedDuration::from_hours(12);

/// Makes tokens for groups whose token ends soon or that have none. It is in the cluster before it is in the store: whoever
/// reads it can use it.
pub(crate) async fn renew(agent: &Agent) -> Result<Option<String>, StepError> {
    let store = &agent.ports.store;
    let authorities = agent.host().read(&format!("{PKI}/ca.crt")).await?.unwrap_or_default();
    let authorities = String::from_utf8_lossy(&authorities).into_owned();
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
        if store.join_info(&group).await?.as_ref().is_some_and(fits) {
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
