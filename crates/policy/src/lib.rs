//! Policies of whoever runs kedge, written in Rego, about a plan.
//!
//! Every package may have the rules `deny` and `warn`, sets of messages. A message is a text, or an object with `msg` and with
//! the `key` of the resource that it is about. The input is [`Input`]: the plan document, with everything that the manifests
//! ask for and the manifests themselves beside it. The name of a policy is that of its package without `kedge.`.
//!
//! A policy sees nothing but its input: no files, no network, no clock.

mod compile;
mod input;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use kedge_diag::{Diagnostics, Source};
use kedge_resource::finding::{Finding, Severity};
use serde_json::Value;

pub use compile::is_test;
pub use input::{Input, Wanted};

/// Packages begin with this where people keep several tools' policies together; it is not part of a policy's name.
const PREFIX: &str = "kedge.";

/// Policies that compile.
#[derive(Clone)]
pub struct Policies {
    engine: regorus::Engine,
    sources: Vec<Arc<Source>>,
    packages: BTreeSet<String>,
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies").field("packages", &self.packages).finish_non_exhaustive()
    }
}

impl Policies {
    /// What the policies find in a plan, the worst first. Positions are left to whoever knows the manifests.
    ///
    /// # Errors
    /// A policy fails for this input, or what it returns is no message.
    pub fn evaluate(&self, input: &Input<'_>) -> Result<Vec<Finding>, Diagnostics> {
        let mut engine = self.engine.clone();
        let input = serde_json::to_value(input).map_err(|error| compile::failed("policy-input", &error.to_string()))?;
        engine.set_input(input.into());
        let mut findings = Vec::new();
        for package in &self.packages {
            for (rule, severity) in [("deny", Severity::Deny), ("warn", Severity::Warn)] {
                for message in self.messages(&mut engine, package, rule)? {
                    findings.push(finding(package, rule, severity, message)?);
                }
            }
        }
        findings.sort();
        findings.dedup();
        Ok(findings)
    }

    /// The elements of a rule of a package; none where the package does not have the rule.
    fn messages(&self, engine: &mut regorus::Engine, package: &str, rule: &str) -> Result<Vec<Value>, Diagnostics> {
        let query = format!("data.{package}.{rule}");
        match self.value(engine, &query)? {
            Some(Value::Array(messages)) => Ok(messages),
            None => Ok(Vec::new()),
            Some(_) => Err(compile::failed(
                "policy-result",
                &format!("{query} is no set: write `{rule} contains \"…\" if {{ … }}`"),
            )),
        }
    }

    /// What a query comes to; `None` if it is undefined.
    fn value(&self, engine: &mut regorus::Engine, query: &str) -> Result<Option<Value>, Diagnostics> {
        let results = engine.eval_query(query.to_owned(), false).map_err(|error| self.located(&error.to_string()))?;
        let value = results.result.first().and_then(|result| result.expressions.first()).map(|it| &it.value);
        match value {
            None | Some(regorus::Value::Undefined) => Ok(None),
            Some(value) => serde_json::to_value(value)
                .map(Some)
                .map_err(|error| compile::failed("policy-result", &error.to_string())),
        }
    }

    fn located(&self, message: &str) -> Diagnostics {
        compile::located(&self.sources, message)
    }

    /// The value of a whole package for an input, for tests of policies.
    ///
    /// # Errors
    /// A rule of the package fails.
    pub fn package(&self, package: &str, input: Value) -> Result<Option<Value>, Diagnostics> {
        let mut engine = self.engine.clone();
        engine.set_input(input.into());
        self.value(&mut engine, &format!("data.{package}"))
    }
}

/// A finding of one message.
fn finding(package: &str, rule: &str, severity: Severity, message: Value) -> Result<Finding, Diagnostics> {
    let policy = package.strip_prefix(PREFIX).unwrap_or(package).to_owned();
    let wrong = |what: &str| Err(compile::failed("policy-result", &format!("data.{package}.{rule} has {what}")));
    let (text, key) = match message {
        Value::String(text) => (Some(text), None),
        Value::Object(mut object) => {
            let text = object.remove("msg").or_else(|| object.remove("message"));
            let text = text.and_then(|text| text.as_str().map(str::to_owned));
            match object.get("key").map(|key| key.as_str().and_then(|key| key.parse().ok())) {
                Some(None) => {
                    return wrong("a message whose `key` is no key of a resource, such as volume/a.prod.example.com");
                }
                key => (text, key.flatten()),
            }
        }
        _ => (None, None),
    };
    match text {
        Some(message) => Ok(Finding { severity, policy, message, key, position: None }),
        None => wrong("an element that is neither a text nor an object with a text `msg`"),
    }
}
