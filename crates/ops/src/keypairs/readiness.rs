//! Whether instances have taken what the next step of a replacement rests on.

use std::time::Duration;

use kedge_pki::{Direction, Keyset};
use kedge_store::{ClusterStore, NodeTrust};

use super::{KeypairError, Step, pki};

/// How old the status of an instance that runs may be. It writes one every ten minutes.
const FRESH: Duration = Duration::from_secs(3600);

/// The instances that a step would cut off, each with its group. `keyset` is what it would lead to: until an authority is in use
/// every instance has to trust it, and until the one before is trusted no longer every kubelet has to have a certificate of the
/// new one. A step back cuts nobody off.
pub(super) async fn behind(store: &ClusterStore, keyset: &Keyset, step: Step) -> Result<Vec<String>, KeypairError> {
    let has_certificate = match step {
        Step::Promote(Direction::Forward) => false,
        Step::Retire(Direction::Forward) => true,
        Step::Unprepare | Step::Promote(_) | Step::Retire(_) => return Ok(Vec::new()),
    };
    let authority = keyset.primary().map(|item| item.read_certificate()).transpose();
    let authority = authority.map_err(pki(format!("read the certificate of {}", keyset.purpose)))?.flatten();
    let Some(authority) = authority.map(|certificate| certificate.fingerprint) else { return Ok(Vec::new()) };
    let is_ready = |trust: &NodeTrust| match has_certificate {
        false => trust.authorities.contains(&authority),
        true => trust.kubelet.as_ref() == Some(&authority),
    };
    let nodes = store.nodes().await?;
    let fresh = nodes.statuses.iter().filter(|stored| stored.age.is_none_or(|age| age < FRESH));
    let behind = fresh.filter(|stored| !stored.status.trust.as_ref().is_some_and(is_ready));
    Ok(behind.map(|stored| format!("{} ({})", stored.status.instance, stored.status.group)).collect())
}
