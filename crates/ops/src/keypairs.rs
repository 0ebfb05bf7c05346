//! The keys and authorities of a cluster: made when missing, listed, watched, and replaced in stages.

mod readiness;

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use kedge_pki::{Direction, Item, ItemId, ItemState, Keyset, Made, PkiError, Purpose, RotationError, SecretText};
use kedge_store::{ClusterStore, Keysets, OuterKey, StoreError, Vault};
use ring::rand::SecureRandom;
use serde::Serialize;
use thiserror::Error;

/// How long before an authority ends somebody is told.
const NOTICE: SignedDuration = SignedDuration::from_hours(24 * 180);

/// Why nothing was done with a key.
#[derive(Debug, Error)]
pub enum KeypairError {
    /// The store did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key or certificate could not be made or read.
    #[error("{doing}")]
    Pki {
        /// What was being done: reads after "failed to".
        doing: String,
        /// Why it failed.
        #[source]
        source: PkiError,
    },
    /// The stage is not the next one.
    #[error("{purpose} cannot go there")]
    Stage {
        /// Which key.
        purpose: Purpose,
        /// Why not.
        #[source]
        source: RotationError,
    },
    /// Instances would be cut off.
    #[error("{purpose} cannot go on: {} would be cut off", .instances.join(", "))]
    Behind {
        /// Which key.
        purpose: Purpose,
        /// The instances with their groups.
        instances: Vec<String>,
    },
    /// A user brought a key that the cluster uses for something else.
    #[error("the given key cannot be that of {purpose}: {other} has it")]
    Shared {
        /// What it was brought for.
        purpose: Purpose,
        /// What it is used for, or was.
        other: Purpose,
    },
    /// The cluster has no such key yet.
    #[error("the cluster has no {purpose} yet")]
    Missing {
        /// Which key.
        purpose: Purpose,
    },
}

/// A key as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeypairSummary {
    /// What it is for.
    pub name: Purpose,
    /// Its id.
    pub id: String,
    /// What it is among those for the same purpose.
    pub state: ItemState,
    /// Whether a user brought it.
    pub custom: bool,
    /// Common name of the authority; none for keys without a certificate.
    pub authority: Option<String>,
    /// When it was made or brought.
    pub created: Timestamp,
    /// When its certificate ends.
    pub expires: Option<Timestamp>,
    /// SHA-256 of its certificate, or the id that tokens name it by.
    pub fingerprint: String,
}

/// The keys of a cluster, by purpose and age.
///
/// # Errors
/// A certificate or key cannot be read.
pub fn list(keysets: &Keysets) -> Result<Vec<KeypairSummary>, KeypairError> {
    let mut found = Vec::new();
    for keyset in &keysets.all {
        for item in &keyset.items {
            let reading = pki(format!("read {} {}", keyset.purpose, item.id));
            let certificate = item.read_certificate().map_err(&reading)?;
            let key = kedge_pki::PublicKey::from_pem(&item.public_key).map_err(&reading)?;
            found.push(KeypairSummary {
                name: keyset.purpose,
                id: item.id.to_string(),
                state: keyset.state(item),
                custom: item.custom,
                created: item.created,
                expires: certificate.as_ref().map(|certificate| certificate.not_after),
                fingerprint: certificate.as_ref().map_or_else(|| key.key_id(), |known| known.fingerprint.clone()),
                authority: certificate.map(|certificate| certificate.common_name),
            });
        }
    }
    Ok(found)
}

/// What about the keys should worry their owner at a time: sentences, each with what to do.
#[must_use]
pub fn worries(keysets: &Keysets, now: Timestamp) -> Vec<String> {
    let mut worries = Vec::new();
    for keyset in &keysets.all {
        let (purpose, word) = (keyset.purpose, word(keyset.purpose));
        let certificate = keyset.primary().map(kedge_pki::Item::read_certificate);
        match certificate {
            Some(Ok(Some(certificate))) if certificate.not_after < now => worries.push(format!(
                "the authority {purpose} ended on {}: nothing trusts what it issued; replace it with `kedge rotate {word} \
                 --stage prepare`",
                day(certificate.not_after)
            )),
            Some(Ok(Some(certificate))) if certificate.not_after < now + NOTICE => worries.push(format!(
                "the authority {purpose} ends on {}, in {} days; begin to replace it with `kedge rotate {word} --stage \
                 prepare`",
                day(certificate.not_after),
                certificate.not_after.duration_since(now).as_hours() / 24
            )),
            Some(Ok(_)) => {}
            Some(Err(error)) => worries.push(format!("{purpose} in the state store cannot be used: {error}")),
            None => worries.push(format!("{purpose} in the state store names a primary key that it does not have")),
        }
    }
    worries
}

/// The day of a time, for people.
#[must_use]
pub fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// How `kedge rotate` calls a purpose.
#[must_use]
pub fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::KubernetesCa => "ca",
        Purpose::EtcdCa => "etcd",
        Purpose::FrontProxyCa => "front-proxy",
        Purpose::ServiceAccount => "service-account",
    }
}

/// Keys that are missing, and the opened vault that they are going to be in: a key outside the store that does not open it is
/// known before anything else is done.
#[derive(Debug)]
pub struct Missing {
    keysets: Keysets,
    vault: Vault,
}

impl Missing {
    /// Of the keys that were read, those that are missing; none if there are all.
    ///
    /// # Errors
    /// `outer` is not the key that the store is encrypted with, or the store does not answer.
    pub async fn of(
        store: &ClusterStore,
        keysets: Keysets,
        outer: &dyn OuterKey,
    ) -> Result<Option<Self>, KeypairError> {
        if keysets.missing().is_empty() {
            return Ok(None);
        }
        let vault = match keysets.all.is_empty() {
            true => store.first_vault(outer).await?,
            false => store.vault_for_writing(outer).await?,
        };
        store.refuse_another_key(outer, &vault).await?;
        Ok(Some(Self { keysets, vault }))
    }

    /// Makes them, and says which. Of several who do so at the same time one wins, and all have the same keys afterwards.
    ///
    /// # Errors
    /// The store does not answer, or its keys are being replaced.
    pub async fn make(
        self,
        store: &ClusterStore,
        now: Timestamp,
        random: &dyn SecureRandom,
    ) -> Result<Vec<Purpose>, KeypairError> {
        let Self { mut keysets, vault } = self;
        let missing = keysets.missing();
        let mut all = Vec::new();
        for &purpose in &missing {
            all.push((purpose, Made::generate(purpose, now, random).map_err(pki(format!("make {purpose}")))?));
        }
        let writes =
            all.iter().map(|(purpose, made)| store.put_private_key(&vault, *purpose, made.item.id, &made.private));
        try_join_all(writes).await?;
        let mut written = Vec::new();
        for (purpose, made) in all {
            written.push((purpose, made.item.id));
            keysets.set(Keyset::new(purpose, made.item));
        }
        match store.put_keysets(&keysets).await {
            Ok(()) => Ok(missing),
            Err(error @ StoreError::Moved { .. }) => {
                let keysets = remove_unnamed(store, &written).await?;
                written.retain(|(purpose, id)| names(&keysets, *purpose, *id));
                let ours = written.into_iter().map(|(purpose, _)| purpose).collect();
                if keysets.missing().is_empty() { Ok(ours) } else { Err(error.into()) }
            }
            // Whether it is written is not known: a private key too many does no harm, one that is missing does.
            Err(error) => Err(error.into()),
        }
    }
}

/// What a user brings instead of a key that kedge makes.
#[derive(Debug)]
pub struct Custom {
    /// Certificate of the authority, as PEM; none for service accounts.
    pub certificate: Option<String>,
    /// Private key, as PEM.
    pub key: SecretText,
}

/// Adds a new key, made or brought, that is trusted beside the one in use. The first key of a purpose is in use at once.
///
/// # Errors
/// Another replacement is not at its end, what was brought is no key for the purpose, or the store does not do its part.
pub async fn prepare(
    store: &ClusterStore,
    outer: &dyn OuterKey,
    purpose: Purpose,
    custom: Option<Custom>,
    now: Timestamp,
    random: &dyn SecureRandom,
) -> Result<Keyset, KeypairError> {
    let mut keysets = store.keysets().await?;
    let known = keysets.get(purpose).cloned();
    let stage = |source| KeypairError::Stage { purpose, source };
    if let Some(keyset) = &known {
        keyset.may_prepare().map_err(stage)?;
    }
    let made = match custom {
        Some(Custom { certificate, key }) => Made::custom(purpose, certificate.as_deref(), key.expose(), now, random)
            .map_err(pki(format!("take the given files as {purpose}")))?,
        None => Made::generate(purpose, now, random).map_err(pki(format!("make {purpose}")))?,
    };
    if let Some(other) = also_of(&keysets, purpose, &made.item) {
        return Err(KeypairError::Shared { purpose, other });
    }
    let id = made.item.id;
    let vault = store.vault_for_writing(outer).await?;
    store.refuse_another_key(outer, &vault).await?;
    store.put_private_key(&vault, purpose, id, &made.private).await?;
    let keyset = match known {
        Some(mut keyset) => {
            keyset.prepare(made.item).map_err(stage)?;
            keyset
        }
        None => Keyset::new(purpose, made.item),
    };
    keysets.set(keyset.clone());
    match store.put_keysets(&keysets).await {
        Ok(()) => Ok(keyset),
        Err(error @ StoreError::Moved { .. }) => {
            let keysets = remove_unnamed(store, &[(purpose, id)]).await?;
            let ours = keysets.get(purpose).filter(|keyset| keyset.item(id).is_some());
            ours.cloned().ok_or_else(|| error.into())
        }
        // As above: it may be written.
        Err(error) => Err(error.into()),
    }
}

/// What else a key is for. Whoever trusts an authority lets in all that it has issued: etcd would let in every kubelet if it had
/// that of Kubernetes.
fn also_of(keysets: &Keysets, purpose: Purpose, item: &Item) -> Option<Purpose> {
    let has = |keyset: &&Keyset| keyset.items.iter().any(|known| known.public_key == item.public_key);
    keysets.all.iter().filter(|keyset| keyset.purpose != purpose).find(has).map(|keyset| keyset.purpose)
}

/// Removes those of the private keys made here that nothing names, after somebody else changed the keysets; returns what those
/// are now. Ours may be among them: the answer to our write can be lost, and somebody build upon it before we ask again. What
/// is not named now never will be: the version that our write depends on is gone.
async fn remove_unnamed(store: &ClusterStore, made: &[(Purpose, ItemId)]) -> Result<Keysets, StoreError> {
    let keysets = store.keysets().await?;
    for &(purpose, id) in made {
        if !names(&keysets, purpose, id) {
            store.delete_private_key(purpose, id).await?;
        }
    }
    Ok(keysets)
}

fn names(keysets: &Keysets, purpose: Purpose, id: ItemId) -> bool {
    keysets.get(purpose).is_some_and(|keyset| keyset.item(id).is_some())
}

/// A step of replacing a key, after it was prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The new key is taken out again.
    Unprepare,
    /// The new key issues and signs, or the old one again.
    Promote(Direction),
    /// The old key is trusted no longer, or again.
    Retire(Direction),
}

/// Goes a step on, or back, in replacing a key. With `force` it does not matter whether instances have taken what came before.
///
/// # Errors
/// It is not the turn of that step, instances would be cut off, or the store does not do its part.
pub async fn rotate(
    store: &ClusterStore,
    purpose: Purpose,
    step: Step,
    force: bool,
    now: Timestamp,
) -> Result<Keyset, KeypairError> {
    let mut keysets = store.keysets().await?;
    let mut keyset = keysets.get(purpose).cloned().ok_or(KeypairError::Missing { purpose })?;
    let gone = match step {
        Step::Unprepare => keyset.unprepare().map(Some),
        Step::Promote(direction) => keyset.promote(direction).map(|()| None),
        Step::Retire(direction) => keyset.retire(direction, now).map(|()| None),
    };
    let gone = gone.map_err(|source| KeypairError::Stage { purpose, source })?;
    if !force && purpose == Purpose::KubernetesCa {
        let instances = readiness::behind(store, &keyset, step).await?;
        if !instances.is_empty() {
            return Err(KeypairError::Behind { purpose, instances });
        }
    }
    keysets.set(keyset.clone());
    store.put_keysets(&keysets).await?;
    if let Some(id) = gone {
        store.delete_private_key(purpose, id).await?;
    }
    Ok(keyset)
}

/// Says what was being done with a key.
pub(crate) fn pki(doing: String) -> impl Fn(PkiError) -> KeypairError {
    move |source| KeypairError::Pki { doing: doing.clone(), source }
}

/// Makes what is missing of the keys that were read.
#[cfg(test)]
pub(crate) async fn ensure(
    store: &ClusterStore,
    keysets: Keysets,
    outer: &dyn OuterKey,
    now: Timestamp,
    random: &dyn SecureRandom,
) -> Result<Vec<Purpose>, KeypairError> {
    match Missing::of(store, keysets, outer).await? {
        Some(missing) => missing.make(store, now, random).await,
        None => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests;
