//! A DHCP option set (`CreateDhcpOptions`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, KindOf, Mutability};
use crate::tags::Tags;

/// A DHCP option set (`CreateDhcpOptions`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DhcpOptions {
    /// Domain that instances search.
    pub domain_name: String,
    /// Name servers, `AmazonProvidedDNS` among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domain_name_servers: Vec<String>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for DhcpOptions {
    const KIND: Kind = Kind::DhcpOptions;
}

impl DhcpOptions {
    /// DHCP options cannot be modified after they were created.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Tags" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
