//! The tables as schema and list.

use std::collections::BTreeSet;

use super::*;

#[test]
fn no_block_declares_a_field_twice() {
    fn look(block: &'static Block, seen: &mut BTreeSet<&'static str>) {
        if !seen.insert(block.name) {
            return;
        }
        let names: BTreeSet<&str> = block.fields.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), block.fields.len(), "{}", block.name);
        for field in block.fields {
            let mut shape = &field.shape;
            while let Shape::List(inner) | Shape::Map(inner) = shape {
                shape = inner;
            }
            if let Shape::Object(inner) = shape {
                look(inner, seen);
            }
        }
    }
    let mut seen = BTreeSet::new();
    for (_, block) in kinds() {
        look(block, &mut seen);
    }
    assert!(seen.len() > 80, "{} blocks", seen.len());
}

#[test]
fn no_block_acts_less_than_what_stands_in_it() {
    fn look(block: &'static Block, wrong: &mut Vec<String>) {
        for field in block.fields {
            let Shape::Object(inner) = innermost(&field.shape) else { continue };
            if matches!(field.effect, Effect::Refused(_)) {
                continue;
            }
            let has = |effect: Effect| inner.fields.iter().any(|field| field.effect == effect);
            let is_less = match field.effect {
                Effect::Acts => false,
                Effect::Boots => has(Effect::Acts),
                _ => has(Effect::Acts) || has(Effect::Boots),
            };
            if is_less {
                wrong.push(format!("{}.{}", block.name, field.name));
            }
            look(inner, wrong);
        }
    }
    let mut wrong = Vec::new();
    kinds().into_iter().for_each(|(_, block)| look(block, &mut wrong));
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_list_tells_fields_apart() {
    let all = fields();
    let effect = |kind: &str, path: &str| {
        let found = all.iter().find(|entry| entry.kind == kind && entry.path == path);
        found.unwrap_or_else(|| panic!("{kind} has no {path}")).effect
    };
    let is_idle = |kind, path| matches!(effect(kind, path), FieldEffect::NoEffect(why) if !why.is_empty());
    assert_eq!(effect("Cluster", "spec.subnets[].cidr"), FieldEffect::Acts);
    assert_eq!(effect("Cluster", "spec.kubeScheduler"), FieldEffect::Boots);
    assert_eq!(effect("Cluster", "spec.etcdClusters[].etcdMembers[].volumeSize"), FieldEffect::Acts);
    assert!(matches!(effect("Cluster", "spec.networking.weave"), FieldEffect::Refused(_)));
    assert_eq!(effect("Cluster", "spec.externalPolicies.<key>[]"), FieldEffect::Acts);
    assert_eq!(effect("InstanceGroup", "spec.mixedInstancesPolicy.instances[]"), FieldEffect::Acts);
    assert!(is_idle("InstanceGroup", "spec.containerd.useECRCredentialsForMirrors"));
    assert_eq!(effect("SSHCredential", "spec.publicKey"), FieldEffect::Acts);
    assert_eq!(effect("Cluster", "spec.networking.calico"), FieldEffect::Acts);
    assert_eq!(effect("Cluster", "spec.kubeScheduler.logFormat"), FieldEffect::Boots);
    assert!(is_idle("Cluster", "spec.kubeScheduler.master"));
    assert_eq!(effect("Cluster", "spec.authorization.alwaysAllow"), FieldEffect::Boots);
    assert_eq!(effect("Cluster", "spec.networking.kindnet"), FieldEffect::Acts);
    assert_eq!(effect("Cluster", "spec.networking.kindnet.masquerade.enabled"), FieldEffect::Boots);
    assert!(is_idle("Cluster", "spec.rollingUpdate.maxSurge"));
    assert_eq!(effect("InstanceGroup", "metadata.annotations.<key>"), FieldEffect::Acts);
    assert!(is_idle("InstanceGroup", "metadata.creationTimestamp"));
    assert!(all.iter().all(|entry| entry.effect != FieldEffect::NoEffect("")), "each has a reason");
    assert!(!all.iter().any(|entry| entry.path.starts_with("spec.networking.weave.")), "one reason is enough");
    let expander = all.iter().find(|entry| entry.path == "spec.clusterAutoscaler.expander").unwrap();
    assert!(expander.words.contains(&"least-waste"));
}

/// Whether a value fits a schema, as far as this module writes schemas.
fn fits(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.trim_start_matches("#/$defs/");
        return fits(value, &root["$defs"][name], root).map_err(|why| format!("{name}: {why}"));
    }
    if schema.get("const").is_some_and(|constant| constant != value) {
        return Err(format!("{value} is not {}", schema["const"]));
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        let inner_schema = match (schema["properties"].get(key), &schema["additionalProperties"]) {
            (Some(found), _) => found,
            (None, Value::Bool(false)) => return Err(format!("unknown {key}")),
            (None, free) => free,
        };
        fits(inner, inner_schema, root).map_err(|why| format!("{key}: {why}"))?;
    }
    for inner in value.as_array().into_iter().flatten() {
        fits(inner, &schema["items"], root)?;
    }
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "integer",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
    };
    let types = &schema["type"];
    let allowed = types.is_null() || types == kind || types.as_array().is_some_and(|all| all.iter().any(|t| t == kind));
    if allowed { Ok(()) } else { Err(format!("{value} is not of type {types}")) }
}

#[test]
fn the_schema_takes_sound_manifests_and_no_others() {
    let root = schema();
    for text in crate::testing::CLEAN.split("---\n") {
        let value: Value = serde_yaml::from_str(text).unwrap();
        let kind = value["kind"].as_str().unwrap().to_owned();
        fits(&value, &root["$defs"][&kind], &root).unwrap();
        let mut wrong = value.clone();
        wrong["spec"]["colour"] = json!("blue");
        assert_eq!(fits(&wrong, &root["$defs"][&kind], &root).unwrap_err().rsplit(": ").next(), Some("unknown colour"));
        wrong = value;
        wrong["kind"] = json!("Custer");
        assert!(fits(&wrong, &root["$defs"][&kind], &root).is_err());
    }
    assert_eq!(root["oneOf"].as_array().map(Vec::len), Some(3));
}
