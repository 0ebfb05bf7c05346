//! An OpenID Connect provider (`CreateOpenIDConnectProvider`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, KindOf, Mutability};
use crate::tags::Tags;

/// An OpenID Connect provider (`CreateOpenIDConnectProvider`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OidcProvider {
    /// Issuer, with `https://`.
    pub url: String,
    /// Audiences, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_id_list: Vec<String>,
    /// Certificate thumbprints, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thumbprint_list: Vec<String>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for OidcProvider {
    const KIND: Kind = Kind::OidcProvider;
}

impl OidcProvider {
    /// The issuer is fixed.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "ClientIdList" | "ThumbprintList" | "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
