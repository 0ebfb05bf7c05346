//! Failures on demand.
//!
//! A faults file is a list of rules in JSON. Each says which calls it is about, when it strikes and what happens then:
//!
//! ```json
//! {"rules": [
//!   {"match": {"service": "ec2", "action": "Create*"}, "when": {"nth": 3}, "do": "lose-response"},
//!   {"match": {"service": "iam"}, "when": {"probability": 0.2, "seed": 7, "max": 10}, "do": "throttle"},
//!   {"match": {"action": "CreateNatGateway"}, "do": {"error": {"code": "InternalError", "status": 500, "message": "…"}}},
//!   {"when": {"nth": 40}, "do": "crash"}
//! ]}
//! ```
//!
//! `match` compares globs (`*`, `?`); what is left out matches everything. All conditions of `when` have to hold; they count
//! the calls that the rule matches, from the start of the process. The first rule that strikes counts.

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use crate::account::ids::digest;
use crate::error::SandboxError;

/// Rules about failures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// The rules, in the order in which they are asked.
    pub rules: Vec<FaultRule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which calls it is about.
    #[serde(rename = "match", default)]
    pub calls: CallPattern,
    /// When it strikes.
    #[serde(default)]
    pub when: FaultCondition,
    /// What happens.
    #[serde(rename = "do")]
    pub action: FaultAction,
}

/// Globs over calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallPattern {
    /// Service such as `ec2`, as IAM names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Action such as `CreateVpc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What the call is about, as [`crate::CallRecord::about`] has it: a name or an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// When a rule strikes. Without conditions: always.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultCondition {
    /// Only the call of this number among those that match, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Every so many of those that match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// With this probability, from 0 to 1; the same for the same seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Seed of the probability.
    #[serde(default)]
    pub seed: u64,
    /// So many times at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FaultAction {
    /// The account refuses because of too many calls.
    Throttle,
    /// The account answers with this error and does nothing.
    Error {
        /// Code such as `InternalError`.
        code: String,
        /// HTTP status.
        #[serde(default = "server_error")]
        status: u16,
        /// Message.
        #[serde(default)]
        message: String,
    },
    /// The account does it, and the answer is lost.
    LoseResponse,
    /// The request does not get there.
    DropBefore,
    /// The caller may not.
    Deny,
    /// The client dies before the call: hard in the CLI; in tests every later call fails.
    Crash,
    /// The account does it, and the client dies before it reads the answer.
    CrashAfter,
}

fn server_error() -> u16 {
    500
}

impl Faults {
    /// Reads a faults file.
    ///
    /// # Errors
    /// The file cannot be read or is not one.
    pub fn read(path: &Utf8Path) -> Result<Self, SandboxError> {
        let text = fs_err::read_to_string(path)?;
        let why = |why: String| SandboxError::Faults { path: path.to_owned(), why };
        let faults: Self = serde_json::from_str(&text).map_err(|error| why(error.to_string()))?;
        for rule in &faults.rules {
            let when = &rule.when;
            if when.nth == Some(0) || when.every == Some(0) {
                return Err(why("`nth` and `every` count from 1".to_owned()));
            }
            if when.probability.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
                return Err(why("`probability` is from 0 to 1".to_owned()));
            }
        }
        Ok(faults)
    }

    /// Faults of one rule.
    #[must_use]
    pub fn one(service: &str, action: &str, when: FaultCondition, fault: FaultAction) -> Self {
        let calls = CallPattern { service: Some(service.to_owned()), action: Some(action.to_owned()), about: None };
        Self { rules: vec![FaultRule { calls, when, action: fault }] }
    }

    /// The client dies at the call of this number, counted from 1 over all calls.
    #[must_use]
    pub fn crash_at(number: u64) -> Self {
        let when = FaultCondition { nth: Some(number), ..FaultCondition::default() };
        Self { rules: vec![FaultRule { calls: CallPattern::default(), when, action: FaultAction::Crash }] }
    }
}

/// Faults and how often each rule matched and struck.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultState {
    rules: Vec<(FaultRule, u64, u64)>,
}

impl FaultState {
    pub(crate) fn new(faults: Option<Faults>) -> Self {
        let rules = faults.unwrap_or_default().rules;
        Self { rules: rules.into_iter().map(|rule| (rule, 0, 0)).collect() }
    }

    /// What happens to this call.
    pub(crate) fn strike(&mut self, service: &str, action: &str, about: &str) -> Option<FaultAction> {
        let mut struck = None;
        for (rule, matched, strikes) in &mut self.rules {
            let CallPattern { service: services, action: actions, about: abouts } = &rule.calls;
            let fits = |pattern: &Option<String>, text| pattern.as_ref().is_none_or(|pattern| glob(pattern, text));
            if !fits(services, service) || !fits(actions, action) || !fits(abouts, about) {
                continue;
            }
            *matched += 1;
            if struck.is_none() && rule.when.holds(*matched, *strikes) {
                *strikes += 1;
                struck = Some(rule.action.clone());
            }
        }
        struck
    }
}

impl FaultCondition {
    fn holds(&self, matched: u64, strikes: u64) -> bool {
        let Self { nth, every, probability, seed, max } = self;
        let chance = || {
            let [a, b, c, d, ..] = digest(&["fault", &seed.to_string(), &matched.to_string()]);
            f64::from(u32::from_be_bytes([a, b, c, d])) / f64::from(u32::MAX)
        };
        nth.is_none_or(|nth| nth == matched)
            && every.is_none_or(|every| every != 0 && matched.is_multiple_of(every))
            && max.is_none_or(|max| strikes < max)
            && probability.is_none_or(|probability| chance() < probability)
    }
}

/// Whether a text is what a pattern with `*` and `?` describes.
fn glob(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = rest.as_str();
            let mut starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            starts.any(|at| text.get(at..).is_some_and(|text| glob(rest, text)))
        }
        Some(wanted) => {
            let mut letters = text.chars();
            letters.next().is_some_and(|letter| wanted == '?' || wanted == letter)
                && glob(rest.as_str(), letters.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Faults {
        serde_json::from_str(text).unwrap()
    }

    fn strikes(faults: &Faults, calls: &[(&str, &str)]) -> Vec<bool> {
        let mut state = FaultState::new(Some(faults.clone()));
        calls.iter().map(|(service, action)| state.strike(service, action, "x").is_some()).collect()
    }

    #[test]
    fn globs() {
        assert!(glob("Create*", "CreateVpc"));
        assert!(glob("*Vpc", "CreateVpc"));
        assert!(glob("C?eate*p*", "CreateVpc"));
        assert!(!glob("Create", "CreateVpc"));
        assert!(!glob("CreateVpc?", "CreateVpc"));
        assert!(glob("*", ""));
    }

    #[test]
    fn conditions_count_the_calls_that_match() {
        let vpc = ("ec2", "CreateVpc");
        let role = ("iam", "CreateRole");
        let nth = parse(r#"{"rules": [{"match": {"service": "ec2"}, "when": {"nth": 2}, "do": "throttle"}]}"#);
        assert_eq!(strikes(&nth, &[vpc, role, vpc, vpc]), [false, false, true, false]);
        let every = parse(r#"{"rules": [{"when": {"every": 2, "max": 1}, "do": "deny"}]}"#);
        assert_eq!(strikes(&every, &[vpc, vpc, vpc, vpc]), [false, true, false, false]);
        let half = parse(r#"{"rules": [{"when": {"probability": 0.5}, "do": "deny"}]}"#);
        let struck = strikes(&half, &[vpc; 100]).into_iter().filter(|struck| *struck).count();
        assert!((30..70).contains(&struck), "{struck}");
        assert_eq!(strikes(&half, &[vpc; 20]), strikes(&half, &[vpc; 20]));
    }

    #[test]
    fn files_are_checked() {
        let dir = camino_tempfile::tempdir().unwrap();
        let path = dir.path().join("faults.json");
        for (text, good) in [
            (r#"{"rules": [{"do": "crash"}]}"#, true),
            (r#"{"rules": [{"do": {"error": {"code": "InternalError"}}}]}"#, true),
            (r#"{"rules": [{"do": "explode"}]}"#, false),
            (r#"{"rules": [{"when": {"nth": 0}, "do": "crash"}]}"#, false),
            (r#"{"rules": [{"when": {"probability": 2.0}, "do": "crash"}]}"#, false),
            (r#"{"rules": [{"mtach": {}, "do": "crash"}]}"#, false),
        ] {
            fs_err::write(&path, text).unwrap();
            assert_eq!(Faults::read(&path).is_ok(), good, "{text}");
        }
        let error = Faults::read(&path).unwrap_err();
        assert!(error.to_string().contains("faults.json is not a faults file"), "{error}");
    }
}
