//! Differences of two property trees, as paths with values before and after.
//!
//! Lists of plain values are sets, because AWS gives their order no meaning. Lists of objects are matched by what names
//! their elements (a device, a kind of resource, a subnet), others by position. Policies, event patterns and user data
//! are one value each: a person reads their difference as text.

use std::collections::BTreeSet;

use kedge_resource::plan::FieldChange;
use serde_json::{Map, Value};

/// Properties that are compared and shown as a whole.
const LEAVES: &[&str] = &["AssumeRolePolicyDocument", "Content", "EventPattern", "PolicyDocument", "UserData"];

/// Properties that name the elements of a list of objects.
const ELEMENT_NAMES: &[&str] = &["DeviceName", "ResourceType", "Subnet"];

/// The differences of two objects, in the order of their paths.
pub(crate) fn diff(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare("", Some(before), Some(after), &mut changes);
    changes
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    let whole = path.rsplit('.').next().is_some_and(|name| LEAVES.contains(&name));
    match (before, after) {
        (before @ (Some(Value::Object(_)) | None), after @ (Some(Value::Object(_)) | None)) if !whole => {
            objects(path, before.and_then(Value::as_object), after.and_then(Value::as_object), changes);
        }
        (before @ (Some(Value::Array(_)) | None), after @ (Some(Value::Array(_)) | None)) if !whole => {
            let elements = |list: Option<&Value>| list.and_then(Value::as_array).cloned().unwrap_or_default();
            lists(path, &elements(before), &elements(after), changes);
        }
        _ => changes.push(leaf(path, before, after)),
    }
}

fn objects(
    path: &str,
    before: Option<&Map<String, Value>>,
    after: Option<&Map<String, Value>>,
    changes: &mut Vec<FieldChange>,
) {
    let names: BTreeSet<&String> = before.into_iter().chain(after).flat_map(Map::keys).collect();
    for name in names {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        compare(&path, before.and_then(|map| map.get(name)), after.and_then(|map| map.get(name)), changes);
    }
}

fn lists(path: &str, before: &[Value], after: &[Value], changes: &mut Vec<FieldChange>) {
    let all = || before.iter().chain(after);
    if all().all(|value| !value.is_object() && !value.is_array()) {
        sets(path, before, after, changes);
        return;
    }
    let name = ELEMENT_NAMES.iter().find(|name| all().all(|value| value.get(**name).is_some_and(Value::is_string)));
    if let Some(name) = name {
        let text = |value: &Value| value.get(*name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let names: BTreeSet<String> = all().map(text).collect();
        for element in names {
            let of = |list: &'_ [Value]| list.iter().position(|value| text(value) == element);
            let path = format!("{path}[{element}]");
            let before = of(before).and_then(|at| before.get(at));
            let after = of(after).and_then(|at| after.get(at));
            elements(&path, before, after, changes);
        }
        return;
    }
    for at in 0..before.len().max(after.len()) {
        elements(&format!("{path}[{at}]"), before.get(at), after.get(at), changes);
    }
}

/// An element that is new or gone is one value; of one that stays the parts are compared.
fn elements(path: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<FieldChange>) {
    if before.is_some() && after.is_some() {
        compare(path, before, after, changes);
    } else {
        changes.push(leaf(path, before, after));
    }
}

fn leaf(path: &str, before: Option<&Value>, after: Option<&Value>) -> FieldChange {
    FieldChange { path: path.to_owned(), before: before.cloned(), after: after.cloned(), forces_replacement: false }
}

fn sets(path: &str, before: &[Value], after: &[Value], changes: &mut Vec<FieldChange>) {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let texts: BTreeSet<String> = before.iter().chain(after).map(text).collect();
    for element in texts {
        let of = |list: &[Value]| list.iter().find(|value| text(value) == element).cloned();
        let (before, after) = (of(before), of(after));
        if before != after {
            changes.push(FieldChange { path: format!("{path}[{element}]"), before, after, forces_replacement: false });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn paths(before: Value, after: Value) -> Vec<String> {
        diff(&before, &after).into_iter().map(|change| change.path).collect()
    }

    #[test]
    fn plain_lists_are_sets() {
        assert!(paths(json!({"Subnets": ["a", "b"]}), json!({"Subnets": ["b", "a"]})).is_empty());
        assert_eq!(paths(json!({"Subnets": ["a", "b"]}), json!({"Subnets": ["c", "a"]})), ["Subnets[b]", "Subnets[c]"]);
        assert_eq!(paths(json!({}), json!({"Subnets": ["a"]})), ["Subnets[a]"]);
    }

    #[test]
    fn elements_are_matched_by_name() {
        let before = json!({"BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 64}}, {"DeviceName": "/dev/sdc", "VirtualName": "ephemeral0"}]});
        let after = json!({"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 128}}]});
        let changes = diff(&before, &after);
        assert_eq!(changes[1].path, "BlockDeviceMappings[/dev/xvda].Ebs.VolumeSize");
        assert_eq!((changes[1].before.clone(), changes[1].after.clone()), (Some(json!(64)), Some(json!(128))));
        assert_eq!(changes[0].path, "BlockDeviceMappings[/dev/sdc]");
        assert_eq!(changes[0].after, None);
        assert_eq!(changes.len(), 2);
    }

    #[test]
    fn overrides_keep_their_order() {
        let of = |types: [&str; 2]| json!({"Overrides": types.map(|name| json!({"InstanceType": name}))});
        assert_eq!(
            paths(of(["m5.large", "m6.large"]), of(["m6.large", "m5.large"])),
            ["Overrides[0].InstanceType", "Overrides[1].InstanceType"]
        );
    }

    #[test]
    fn policies_are_one_value() {
        let of = |action| json!({"PolicyDocument": {"Statement": [{"Action": [action]}]}});
        assert_eq!(paths(of("a:b"), of("a:c")), ["PolicyDocument"]);
    }

    #[test]
    fn tags_with_dots_are_one_step_of_a_path() {
        let changes = diff(&json!({"Tags": {}}), &json!({"Tags": {"kubernetes.io/role/elb": "1"}}));
        assert_eq!(changes[0].path, "Tags.kubernetes.io/role/elb");
        assert_eq!(changes[0].property(), "Tags");
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<bool>().prop_map(Value::from), "[a-c]".prop_map(Value::from), Just(json!(1))];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec("[a-d]", 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-d]", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_tree_does_not_differ_from_itself_and_differences_have_two_sides(a in tree(), b in tree()) {
            let (a, b) = (json!({"A": a}), json!({"A": b}));
            prop_assert!(diff(&a, &a).is_empty());
            let there = diff(&a, &b);
            let back = diff(&b, &a);
            prop_assert_eq!(there.len(), back.len());
            for (one, other) in there.iter().zip(&back) {
                prop_assert_ne!(&one.before, &one.after);
                prop_assert_eq!((&one.path, &one.before, &one.after), (&other.path, &other.after, &other.before));
            }
        }
    }
}
