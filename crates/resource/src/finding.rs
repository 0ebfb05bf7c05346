//! What a policy has to say about a plan.
//!
//! Policies are rules of whoever runs kedge; the remarks of kedge itself are [`crate::plan::Note`]s.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::key::ResourceKey;

/// One thing that a policy found in a plan. Findings order by severity first, the worst before the rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What follows from it.
    pub severity: Severity,
    /// Name of the policy that found it, such as `no_open_ssh`.
    pub policy: String,
    /// What it found: a sentence or two for people.
    pub message: String,
    /// The resource that it is about; absent if it is about the plan as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ResourceKey>,
    /// Where in the manifests that is decided; absent where no one place does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// What follows from a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The plan must not be applied.
    Deny,
    /// Somebody should look.
    Warn,
}

/// A place in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// Path of the file as it was named, or `<stdin>`.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    #[test]
    fn denials_come_first_and_positions_print_as_editors_read_them() {
        let position = Position { path: "clusters/prod.yaml".to_owned(), line: 12, column: 5 };
        assert_eq!(position.to_string(), "clusters/prod.yaml:12:5");
        let finding = |severity, policy: &str| Finding {
            severity,
            policy: policy.to_owned(),
            message: "Something.".to_owned(),
            key: Some(ResourceKey::new(Kind::Vpc, "prod.example.com")),
            position: Some(position.clone()),
        };
        let mut findings = [finding(Severity::Warn, "a"), finding(Severity::Deny, "b")];
        findings.sort();
        assert_eq!(findings.map(|finding| finding.policy), ["b", "a"]);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let finding = Finding {
            severity: Severity::Deny,
            policy: "zones".to_owned(),
            message: "One zone.".to_owned(),
            key: None,
            position: None,
        };
        let json = serde_json::to_value(&finding).unwrap();
        assert_eq!(json, serde_json::json!({"severity": "deny", "policy": "zones", "message": "One zone."}));
        assert_eq!(serde_json::from_value::<Finding>(json).unwrap(), finding);
    }
}
