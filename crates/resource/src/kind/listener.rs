//! A listener of a load balancer (`CreateListener`, `ModifyListener`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, KindOf, Mutability};
use super::{LoadBalancer, TargetGroup};
use crate::reference::Ref;

/// A listener of a load balancer (`CreateListener`, `ModifyListener`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Listener {
    /// The load balancer.
    pub load_balancer: Ref<LoadBalancer>,
    /// Port.
    pub port: i32,
    /// `TCP` or `TLS`.
    pub protocol: String,
    /// Where connections go.
    pub target_group: Ref<TargetGroup>,
    /// Certificate of a TLS listener.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_arn: Option<String>,
    /// Security policy of a TLS listener.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssl_policy: Option<String>,
}

impl KindOf for Listener {
    const KIND: Kind = Kind::Listener;
}

impl Listener {
    /// A listener is identified by its port; the rest can be modified.
    pub(super) fn mutability(field: &str) -> Mutability {
        match field {
            "Protocol" | "TargetGroup" | "CertificateArn" | "SslPolicy" => Mutability::InPlace,
            _ => Mutability::Replace,
        }
    }
}
