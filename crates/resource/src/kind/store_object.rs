//! An object of the state store that instances read when they boot, or that control planes apply.
//!
//! It is no resource of AWS, and it is planned and shown like one: whoever reads a plan sees what instances will boot with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, KindOf, LoadBalancer, Mutability};
use crate::reference::Ref;

/// An object of the state store that instances read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct StoreObject {
    /// Version of what the object holds, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// SHA-256 of the object, as hexadecimal digits. User data names it, and instances refuse anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The object itself where it is a text. Nothing in it is secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The object says by which name this load balancer is reached, which AWS decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<Ref<LoadBalancer>>,
}

impl KindOf for StoreObject {
    const KIND: Kind = Kind::StoreObject;
}

impl StoreObject {
    /// What the object holds changes; the one before it stays for instances that still boot with it.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Version" | "Sha256" | "Content" | "LoadBalancer" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
