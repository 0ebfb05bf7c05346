//! References from one resource to another: an id that is known, or one that AWS has yet to issue.

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::key::ResourceKey;
use crate::kind::{Kind, KindOf};

/// What a [`Ref`] points at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A resource of this cluster, by its kedge name; its id may not exist yet.
    Managed(String),
    /// Something that AWS already has, by id (or by name, where AWS refers by name).
    Existing(String),
}

/// A reference to a resource of the kind `K`, so that a subnet cannot stand where a VPC is meant.
///
/// In text it is `${vpc/prod.example.com}` while the resource is one of ours and the plain id otherwise. That spelling is
/// what plans hold for ids that AWS has not issued yet: applying substitutes it and decides nothing.
pub struct Ref<K> {
    target: Target,
    kind: PhantomData<fn() -> K>,
}

impl<K: KindOf> Ref<K> {
    /// Refers to a resource of this cluster by its kedge name.
    pub fn managed(name: impl Into<String>) -> Self {
        Self { target: Target::Managed(name.into()), kind: PhantomData }
    }

    /// Refers to something that exists, by id.
    pub fn existing(id: impl Into<String>) -> Self {
        Self { target: Target::Existing(id.into()), kind: PhantomData }
    }

    /// The key of the resource, if it is one of this cluster.
    #[must_use]
    pub fn key(&self) -> Option<ResourceKey> {
        match &self.target {
            Target::Managed(name) => Some(ResourceKey::new(K::KIND, name.clone())),
            Target::Existing(_) => None,
        }
    }
}

impl<K> Ref<K> {
    /// Name or id, whichever it is.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The id, if it is known without asking.
    #[must_use]
    pub fn existing_id(&self) -> Option<&str> {
        match &self.target {
            Target::Existing(id) => Some(id),
            Target::Managed(_) => None,
        }
    }

    /// The bare name or id, for people and for the neutral resource list.
    #[must_use]
    pub fn bare(&self) -> &str {
        match &self.target {
            Target::Managed(text) | Target::Existing(text) => text,
        }
    }
}

/// Reads `${kind/name}`, the text of a managed reference; `None` for any other text.
#[must_use]
pub fn parse_managed(text: &str) -> Option<ResourceKey> {
    text.strip_prefix("${")?.strip_suffix('}')?.parse().ok()
}

impl<K: KindOf> fmt::Display for Ref<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Managed(name) => write!(f, "${{{}/{name}}}", K::KIND.slug()),
            Target::Existing(id) => f.write_str(id),
        }
    }
}

// Derives would ask for the same traits of the marker `K`, which is never stored.
impl<K> Clone for Ref<K> {
    fn clone(&self) -> Self {
        Self { target: self.target.clone(), kind: PhantomData }
    }
}

impl<K> fmt::Debug for Ref<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)
    }
}

impl<K> PartialEq for Ref<K> {
    fn eq(&self, other: &Self) -> bool {
        self.target == other.target
    }
}

impl<K> Eq for Ref<K> {}

impl<K> PartialOrd for Ref<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Ref<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.target.cmp(&other.target)
    }
}

impl<K: KindOf> Serialize for Ref<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: KindOf> Deserialize<'de> for Ref<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match parse_managed(&text) {
            Some(ResourceKey { kind, name }) if kind == K::KIND => Ok(Self::managed(name)),
            Some(other) => Err(serde::de::Error::custom(format!("{other} is not of the kind {}", Kind::slug(K::KIND)))),
            None => Ok(Self::existing(text)),
        }
    }
}

impl<K> JsonSchema for Ref<K> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ref".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "An AWS id or name, or ${kind/name} of a resource of the plan whose id is not known yet."
        })
    }
}
