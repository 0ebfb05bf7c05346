//! Event rules: the lists of a pattern are sets of alternatives.

use kedge_resource::kind::EventRule;
use serde_json::Value;

pub(super) fn disregard(want: &EventRule, have: &mut EventRule) {
    if sorted(&want.event_pattern) == sorted(&have.event_pattern) {
        have.event_pattern.clone_from(&want.event_pattern);
    }
}

fn sorted(pattern: &Value) -> Value {
    match pattern {
        Value::Array(alternatives) => {
            let mut alternatives: Vec<Value> = alternatives.iter().map(sorted).collect();
            alternatives.sort_by_cached_key(Value::to_string);
            alternatives.dedup();
            Value::Array(alternatives)
        }
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => pattern.clone(),
    }
}

#[cfg(test)]
mod tests {
    use kedge_resource::Tags;
    use serde_json::json;

    use super::*;

    #[test]
    fn alternatives_have_no_order() {
        let of = |pattern| EventRule { event_pattern: pattern, tags: Tags::default() };
        let want = of(json!({"source": ["aws.ec2", "aws.health"]}));
        let mut have = of(json!({"source": ["aws.health", "aws.ec2"]}));
        disregard(&want, &mut have);
        assert_eq!(have, want);
        let mut have = of(json!({"source": ["aws.health"]}));
        disregard(&want, &mut have);
        assert_ne!(have, want);
    }
}
