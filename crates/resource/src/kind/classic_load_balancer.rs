//! A classic load balancer that the cloud controller made for a Service. Never desired, found for deletion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Vpc;
use super::{Kind, KindOf, Mutability};
use crate::reference::Ref;
use crate::tags::Tags;

/// A classic load balancer that the cloud controller made for a Service. Never desired, found for deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ClassicLoadBalancer {
    /// Its VPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc: Option<Ref<Vpc>>,
    /// Tags of the resource. Tags that AWS holds and this does not name are left alone.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl KindOf for ClassicLoadBalancer {
    const KIND: Kind = Kind::ClassicLoadBalancer;
}

impl ClassicLoadBalancer {
    /// Found for deletion and display only.
    pub(super) fn mutability(field: &str) -> Mutability {
        let _none = field;
        Mutability::Replace
    }
}
