//! An imported SSH public key (`ImportKeyPair`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, KindOf, Mutability};
use crate::tags::Tags;

/// An imported SSH public key (`ImportKeyPair`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct KeyPair {
    /// The key in OpenSSH form. AWS does not give it back unless asked for, so an observed key pair may lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key_material: Option<String>,
    /// MD5 fingerprint in colon-separated hex for RSA keys, base64 SHA-256 for ED25519 keys, as AWS computes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for KeyPair {
    const KIND: Kind = Kind::KeyPair;
}

impl KeyPair {
    /// Key material cannot change; the name of the key pair carries the fingerprint.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
