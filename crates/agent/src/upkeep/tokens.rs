//! Tokens to join with: one for each group, for a day at the most, renewed when half of that is over.

use jiff::SignedDuration;
use kedge_store::{BootstrapToken, JoinInfo};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::agent::Agent;
use crate::error::StepError;
use crate::step::keys::PKI;

/// How long a token is good.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// How long it is good still when it is replaced.
const RENEWED: SignedDuration = SignedDuration::from_hours(12);
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Makes tokens for groups whose token ends soon or that have none. It is in the cluster before it is in the store: whoever
/// reads it can use it.
pub(crate) async fn renew(agent: &Agent) -> Result<Option<String>, StepError> {
    let store = &agent.ports.store;
    let authorities = agent.host().read(&format!("{PKI}/ca.crt")).await?.unwrap_or_default();
    let authorities = String::from_utf8_lossy(&authorities).into_owned();
    let mut renewed = Vec::new();
    let mut groups = store.node_groups().await?;
    if !groups.contains(&agent.config.group) {
        groups.push(agent.config.group.clone());
    }
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
        let token = token()?;
        let expires = now + LIFETIME;
        agent.ports.cluster.put_token(&token, &group, expires).await?;
        let cluster = agent.config.cluster.clone();
        let info = JoinInfo::new(cluster, &agent.config.endpoint, authorities.clone(), token, expires);
        store.put_join_info(&group, &info).await?;
        renewed.push(group);
    }
    Ok((!renewed.is_empty()).then(|| format!("new ones for {}", renewed.join(", "))))
}

/// A token by chance. Bytes that would make some characters likelier than others are thrown away.
fn token() -> Result<BootstrapToken, StepError> {
    let random = SystemRandom::new();
    let mut text = String::with_capacity(23);
    while text.len() < 23 {
        let mut byte = [0];
        random.fill(&mut byte).map_err(|_| StepError::wait("the system gives no random numbers"))?;
        if text.len() == 6 {
            text.push('.');
        } else if let Some(character) = (byte[0] < 252).then(|| ALPHABET.get(usize::from(byte[0] % 36))).flatten() {
            text.push(char::from(*character));
        }
    }
    BootstrapToken::parse(&text).map_err(StepError::wait)
}
