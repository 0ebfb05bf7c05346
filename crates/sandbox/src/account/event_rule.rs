//! EventBridge: `PutRule`, `PutTargets`, `RemoveTargets`, `TagResource`, `DeleteRule`, on the default bus.

use std::collections::BTreeMap;

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::quota::room;
use super::tagging::{Service, merged};

/// A rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventRule {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) pattern: serde_json::Value,
    /// Target id to ARN.
    #[serde(default)]
    pub(crate) targets: BTreeMap<String, String>,
    pub(crate) tags: Tags,
}

fn not_found(name: &str) -> ApiError {
    let message = format!("Rule {name} does not exist on EventBus default.");
    ApiError::new("ResourceNotFoundException", message)
}

impl Account {
    fn event_rule_mut(&mut self, name: &str) -> ApiResult<&mut EventRule> {
        self.event_rules.get_mut(name).ok_or_else(|| not_found(name))
    }

    /// `PutRule`: tags count for a new rule only.
    pub(crate) fn put_rule(&mut self, name: &str, pattern: &serde_json::Value, tags: &Tags) -> ApiResult<EventRule> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        require((1..=64).contains(&name.len()) && name.chars().all(allowed), || {
            let message = format!("Value '{name}' at 'name' has 1 to 64 letters, digits, and .-_");
            ApiError::new("ValidationException", message)
        })?;
        require(pattern.is_object(), || {
            ApiError::new("InvalidEventPatternException", "Event pattern is not valid. Reason: it is not an object")
        })?;
        let tags = merged(Service::Events, &Tags::default(), tags)?;
        if let Some(rule) = self.event_rules.get_mut(name) {
            rule.pattern = pattern.clone();
            return Ok(rule.clone());
        }
        let quota = self.quotas.event_rules;
        room(self.event_rules.len(), quota, "LimitExceededException", "rules of the bus")?;
        let arn = self.arn("events", &format!("rule/{name}"));
        let (name, pattern) = (name.to_owned(), pattern.clone());
        let rule = EventRule { name: name.clone(), arn, pattern, targets: BTreeMap::new(), tags };
        self.event_rules.insert(name, rule.clone());
        Ok(rule)
    }

    /// `PutTargets` with one target.
    pub(crate) fn put_target(&mut self, rule: &str, id: &str, arn: &str) -> ApiResult<()> {
        let queue = arn.starts_with(&format!("arn:{}:sqs:", self.partition));
        require(!queue || self.queues.values().any(|queue| queue.arn == arn), || {
            ApiError::new("ValidationException", format!("The target {arn} does not exist."))
        })?;
        let quota = self.quotas.targets_per_rule;
        let rule = self.event_rule_mut(rule)?;
        if !rule.targets.contains_key(id) {
            room(rule.targets.len(), quota, "LimitExceededException", "targets of the rule")?;
        }
        rule.targets.insert(id.to_owned(), arn.to_owned());
        Ok(())
    }

    /// `RemoveTargets` with one target; an id that the rule does not have is no error.
    pub(crate) fn remove_target(&mut self, rule: &str, id: &str) -> ApiResult<()> {
        self.event_rule_mut(rule)?.targets.remove(id);
        Ok(())
    }

    /// `TagResource` on a rule.
    pub(crate) fn tag_event_rule(&mut self, name: &str, new: &Tags) -> ApiResult<()> {
        let rule = self.event_rule_mut(name)?;
        rule.tags = merged(Service::Events, &rule.tags, new)?;
        Ok(())
    }

    /// `DeleteRule`: only without targets; one that does not exist is no error.
    pub(crate) fn delete_rule(&mut self, name: &str) -> ApiResult<()> {
        let targets = self.event_rules.get(name).is_some_and(|rule| !rule.targets.is_empty());
        require(!targets, || ApiError::new("ValidationException", "Rule can't be deleted since it has targets."))?;
        self.event_rules.remove(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::role::testing::trust;
    use super::super::testing::{account, code, tags};

    #[test]
    fn a_rule_with_targets_stays() {
        let mut account = account();
        let queue = account.create_queue("q", 300, &trust(), &tags("q")).unwrap().arn;
        assert_eq!(code(account.put_rule("a b", &json!({}), &tags("r"))), "ValidationException");
        assert_eq!(code(account.put_rule("r", &json!("x"), &tags("r"))), "InvalidEventPatternException");
        account.put_rule("r", &json!({"source": ["aws.ec2"]}), &tags("r")).unwrap();
        account.put_rule("r", &json!({"source": ["aws.health"]}), &tags("other")).unwrap();
        assert_eq!(account.event_rules["r"].tags.name(), Some("r"));
        assert_eq!(code(account.put_target("s", "1", &queue)), "ResourceNotFoundException");
        assert_eq!(code(account.put_target("r", "1", "arn:aws:sqs:us-east-1:1:x")), "ValidationException");
        account.put_target("r", "1", &queue).unwrap();
        assert_eq!(code(account.delete_rule("r")), "ValidationException");
        account.remove_target("r", "1").unwrap();
        account.delete_rule("r").unwrap();
        account.delete_rule("r").unwrap();
    }
}
