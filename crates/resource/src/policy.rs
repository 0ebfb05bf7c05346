//! IAM policy documents as values that can be compared.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// Version of the policy language that kedge writes.
pub const POLICY_VERSION: &str = "2012-10-17";

/// An IAM policy document, or the trust policy of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyDocument {
    /// Language version.
    #[serde(default = "old_version")]
    pub version: String,
    /// The statements.
    #[serde(deserialize_with = "one_or_many")]
    pub statement: Vec<Statement>,
}

/// One statement of a policy. Lists are sets: IAM gives their order no meaning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Statement {
    /// Label without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// `Allow` or `Deny`.
    pub effect: String,
    /// Who it is about, in trust and resource policies: kind of principal to names; `{"*": ["*"]}` for everybody.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "principals")]
    pub principal: BTreeMap<String, BTreeSet<String>>,
    /// Who it is not about, in the same form.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "principals")]
    pub not_principal: BTreeMap<String, BTreeSet<String>>,
    /// Actions such as `ec2:DescribeInstances`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "text_or_texts")]
    pub action: BTreeSet<String>,
    /// Everything but these actions.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "text_or_texts")]
    pub not_action: BTreeSet<String>,
    /// ARNs, or `*`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "text_or_texts")]
    pub resource: BTreeSet<String>,
    /// Everything but these ARNs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "text_or_texts")]
    pub not_resource: BTreeSet<String>,
    /// Operator to condition key to values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "conditions")]
    pub condition: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Statement {
    /// An `Allow` statement without principal or condition.
    #[must_use]
    pub fn allow() -> Self {
        Self {
            sid: None,
            effect: "Allow".to_owned(),
            principal: BTreeMap::new(),
            not_principal: BTreeMap::new(),
            action: BTreeSet::new(),
            not_action: BTreeSet::new(),
            resource: BTreeSet::new(),
            not_resource: BTreeSet::new(),
            condition: BTreeMap::new(),
        }
    }
}

impl PolicyDocument {
    /// A document of the current version with `statement` in a canonical order.
    #[must_use]
    pub fn new(mut statement: Vec<Statement>) -> Self {
        statement.sort();
        Self { version: POLICY_VERSION.to_owned(), statement }
    }

    /// Reads a document as AWS returns it, in canonical order.
    ///
    /// # Errors
    /// The text is not JSON, or not a policy.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        let mut document: Self = serde_json::from_str(json)?;
        document.statement.sort();
        Ok(document)
    }

    /// Compact JSON, as it is sent to AWS.
    ///
    /// # Panics
    /// Never: the document has string keys only.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("policy documents serialise")
    }
}

fn old_version() -> String {
    "2008-10-17".to_owned()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Bool(bool),
    Number(serde_json::Number),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
        }
    }
}

fn one_or_many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(many) => many,
        OneOrMany::One(one) => vec![one],
    })
}

fn texts(values: OneOrMany<Scalar>) -> BTreeSet<String> {
    match values {
        OneOrMany::Many(many) => many.into_iter().map(Scalar::into_text).collect(),
        OneOrMany::One(one) => BTreeSet::from([one.into_text()]),
    }
}

fn text_or_texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<String>, D::Error> {
    OneOrMany::deserialize(deserializer).map(texts)
}

fn principals<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, BTreeSet<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Principal {
        Everybody(String),
        Some(BTreeMap<String, OneOrMany<Scalar>>),
    }
    Ok(match Principal::deserialize(deserializer)? {
        Principal::Everybody(text) => BTreeMap::from([(text.clone(), BTreeSet::from([text]))]),
        Principal::Some(map) => map.into_iter().map(|(kind, names)| (kind, texts(names))).collect(),
    })
}

type Conditions = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn conditions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Conditions, D::Error> {
    let raw = BTreeMap::<String, BTreeMap<String, OneOrMany<Scalar>>>::deserialize(deserializer)?;
    Ok(raw
        .into_iter()
        .map(|(operator, keys)| (operator, keys.into_iter().map(|(key, values)| (key, texts(values))).collect()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_and_order_do_not_matter() {
        let a = PolicyDocument::parse(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:b","Resource":["y","x"],
                "Condition":{"Bool":{"k":true}}}}"#,
        )
        .unwrap();
        let b = PolicyDocument::parse(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a:b"],"Resource":["x","y"],
                "Condition":{"Bool":{"k":["true"]}}}]}"#,
        )
        .unwrap();
        assert_eq!(a, b);
        assert_eq!(PolicyDocument::parse(&a.to_json()).unwrap(), a);
    }

    #[test]
    fn a_policy_may_name_whom_it_is_not_about() {
        let json = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::1:root"},
            "Action":"sts:AssumeRole"}]}"#;
        let document = PolicyDocument::parse(json).unwrap();
        let names = BTreeSet::from(["arn:aws:iam::1:root".to_owned()]);
        assert_eq!(document.statement[0].not_principal, BTreeMap::from([("AWS".to_owned(), names)]));
        assert!(document.to_json().contains(r#""NotPrincipal":{"AWS":["arn:aws:iam::1:root"]}"#));
        assert_eq!(PolicyDocument::parse(&document.to_json()).unwrap(), document);
    }
}
