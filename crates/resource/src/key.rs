//! Names of clusters and of the resources that belong to them.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::kind::Kind;

/// Name of a cluster: a fully qualified DNS name in lower case such as `prod.example.com`, at most 253 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ClusterName(String);

impl ClusterName {
    /// Checks that `name` is a DNS name of at least two labels.
    ///
    /// # Errors
    /// Says which rule of DNS names the text breaks.
    pub fn parse(name: &str) -> Result<Self, ClusterNameError> {
        if name.is_empty() {
            return Err(ClusterNameError::Empty);
        }
        if name.len() > 253 {
            return Err(ClusterNameError::TooLong { length: name.len() });
        }
        if !name.contains('.') {
            return Err(ClusterNameError::OneLabel);
        }
        for label in name.split('.') {
            let bad = |why| Err(ClusterNameError::Label { label: label.to_owned(), why });
            if label.is_empty() {
                return bad("is empty");
            }
            if label.len() > 63 {
                return bad("is longer than 63 characters");
            }
            if label.starts_with('-') || label.ends_with('-') {
                return bad("starts or ends with '-'");
            }
            if !label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
                return bad("has characters other than a-z, 0-9 and '-'");
            }
        }
        Ok(Self(name.to_owned()))
    }

    /// The bare name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with dots as dashes, for services whose names have no dots.
    #[must_use]
    pub fn dashed(&self) -> String {
        self.0.replace('.', "-")
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClusterName {
    type Err = ClusterNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ClusterName {
    type Error = ClusterNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ClusterName> for String {
    fn from(name: ClusterName) -> Self {
        name.0
    }
}

/// Why a text is no cluster name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ClusterNameError {
    #[error("the name is empty")]
    Empty,
    #[error("the name has {length} characters, DNS allows 253")]
    TooLong { length: usize },
    #[error("the name has only one label; a cluster name is a full DNS name such as prod.example.com")]
    OneLabel,
    #[error("the label {label:?} {why}")]
    Label { label: String, why: &'static str },
}

/// Identifies one resource of a cluster, before and after it exists: its kind and its kedge-wide name.
///
/// The name is unique within the kind and the cluster. For taggable things it is the `Name` tag or the AWS name; for the
/// others (rules, routes, associations) it is made from what identifies them. Prints as `subnet/us-east-1a.prod.example.com`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ResourceKey {
    pub kind: Kind,
    pub name: String,
}

impl ResourceKey {
    /// A key from its parts.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.slug(), self.name)
    }
}

impl FromStr for ResourceKey {
    type Err = ResourceKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (slug, name) = text.split_once('/').ok_or_else(|| ResourceKeyError::NoSlash { text: text.to_owned() })?;
        let kind = Kind::from_slug(slug).ok_or_else(|| ResourceKeyError::UnknownKind { slug: slug.to_owned() })?;
        Ok(Self::new(kind, name))
    }
}

impl TryFrom<String> for ResourceKey {
    type Error = ResourceKeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ResourceKey> for String {
    fn from(key: ResourceKey) -> Self {
        key.to_string()
    }
}

/// Why a text is no resource key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResourceKeyError {
    #[error("{text:?} has no '/' between kind and name")]
    NoSlash { text: String },
    #[error("{slug:?} is not a kind of resource")]
    UnknownKind { slug: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_names_are_dns_names() {
        assert!(ClusterName::parse("prod.example.com").is_ok());
        for bad in ["", "prod", "Prod.example.com", "prod..com", "-a.b", "a_b.c", &format!("{}.com", "a".repeat(64))] {
            assert!(ClusterName::parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn keys_print_and_parse() {
        let key = ResourceKey::new(Kind::Subnet, "a.prod.example.com");
        assert_eq!(key.to_string(), "subnet/a.prod.example.com");
        assert_eq!(key.to_string().parse::<ResourceKey>().unwrap(), key);
        assert!("nothing/x".parse::<ResourceKey>().is_err());
    }
}
