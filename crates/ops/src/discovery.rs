//! Publishing what lets others verify service account tokens: the two documents of OpenID Connect discovery, where the manifest
//! says (`spec.serviceAccountIssuerDiscovery.discoveryStore`).
//!
//! They hold public keys only. Whether everybody may read them is decided by the policy of the bucket, which is its owner's.

use kedge_pki::{Discovery, Jwks, PublicKey, Purpose};
use kedge_store::{Condition, Keysets, Objects, Put, StoreError};
use serde_json::Value;

use crate::keypairs::KeypairError;

/// Object with the keys.
pub const KEYS: &str = "openid/v1/jwks";
/// Object with the description of the issuer.
pub const CONFIGURATION: &str = ".well-known/openid-configuration";

/// What became of the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// The cluster has no key yet that tokens are signed with.
    NoKeys,
    /// They are what they should be.
    Unchanged,
    /// They are written.
    Written,
    /// Keys of somebody else stand there, of kops for example, whose tokens would no longer be trusted: nothing was written.
    Foreign,
}

/// Makes the documents what they should be. Keys come before the description, so that no reader finds an issuer without keys.
///
/// # Errors
/// The place does not answer, or a key cannot be read.
pub async fn publish(place: &dyn Objects, issuer: &str, keysets: &Keysets) -> Result<Published, KeypairError> {
    let Some(keyset) = keysets.get(Purpose::ServiceAccount) else { return Ok(Published::NoKeys) };
    let read = |pem: &str| {
        let doing = "read a key of service accounts".to_owned();
        PublicKey::from_pem(pem).map_err(|source| KeypairError::Pki { doing, source })
    };
    let trusted = keyset.trusted();
    let keys = trusted.iter().map(|item| read(&item.public_key)).collect::<Result<Vec<PublicKey>, _>>()?;
    let (jwks, discovery) = (Jwks::of(&keys), Discovery::of(issuer, &keys));
    let (jwks, discovery) = (document(&jwks), document(&discovery));
    let (keys_now, configuration_now) = tokio::try_join!(place.get(KEYS), place.get(CONFIGURATION))?;
    if let Some(now) = &keys_now {
        let known: Vec<String> =
            keyset.items.iter().map(|item| read(&item.public_key).map(|key| key.key_id())).collect::<Result<_, _>>()?;
        let there = key_ids(&now.bytes);
        if !there.is_empty() && !there.iter().any(|id| known.contains(id)) {
            return Ok(Published::Foreign);
        }
    }
    let mut result = Published::Unchanged;
    for (key, wanted, now) in [(KEYS, jwks, keys_now), (CONFIGURATION, discovery, configuration_now)] {
        if now.as_ref().is_some_and(|now| now.bytes == wanted) {
            continue;
        }
        let condition = now.map_or(Condition::Absent, |now| Condition::Is(now.version));
        match place.put(key, &wanted, &condition).await? {
            Put::Done(_) => result = Published::Written,
            Put::Refused => return Err(StoreError::Moved { cluster: issuer.to_owned() }.into()),
        }
    }
    Ok(result)
}

fn document(document: &impl serde::Serialize) -> Vec<u8> {
    // Keys are texts, so that it always is JSON.
    let mut bytes = serde_json::to_vec_pretty(document).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// The ids of the keys of a document; none if it is no such document.
fn key_ids(bytes: &[u8]) -> Vec<String> {
    let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let keys = document.get("keys").and_then(Value::as_array).into_iter().flatten();
    keys.filter_map(|key| key.get("kid")?.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use kedge_pki::{Keyset, Made};
    use kedge_store::Directory;
    use ring::rand::SystemRandom;

    use super::*;

    const ISSUER: &str = "https://keys.s3.us-east-1.amazonaws.com/c";

    fn keysets() -> Keysets {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let made = Made::generate(Purpose::ServiceAccount, now, &SystemRandom::new()).unwrap();
        let mut keysets = Keysets::default();
        keysets.set(Keyset::new(Purpose::ServiceAccount, made.item));
        keysets
    }

    #[tokio::test]
    async fn keys_are_published_once_and_those_of_others_stay() {
        let folder = camino_tempfile::tempdir().unwrap();
        let place = Directory::new(folder.path());
        assert_eq!(publish(&place, ISSUER, &Keysets::default()).await.unwrap(), Published::NoKeys);
        let ours = keysets();
        assert_eq!(publish(&place, ISSUER, &ours).await.unwrap(), Published::Written);
        assert_eq!(publish(&place, ISSUER, &ours).await.unwrap(), Published::Unchanged);
        let text = String::from_utf8(place.get(CONFIGURATION).await.unwrap().unwrap().bytes).unwrap();
        assert!(text.contains(&format!("{ISSUER}/openid/v1/jwks")), "{text}");
        let before = place.get(KEYS).await.unwrap().unwrap().bytes;
        assert_eq!(publish(&place, ISSUER, &keysets()).await.unwrap(), Published::Foreign);
        assert_eq!(place.get(KEYS).await.unwrap().unwrap().bytes, before);
        assert!(
            !String::from_utf8_lossy(&before).contains("\"d\""),
            "a private key has a part that a public one has not"
        );
    }
}
