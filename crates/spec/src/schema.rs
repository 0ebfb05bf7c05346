//! The table of fields for others: as JSON Schema, and as a list for the reference page.

mod page;

use serde_json::{Map, Value, json};

pub use page::fields_page;

use crate::field::{Block, Effect, Field, Shape};
use crate::v1alpha2::fields::{CLUSTER, INSTANCE_GROUP, SSH_CREDENTIAL};

/// A field of a manifest, as the reference page lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldEntry {
    /// Kind of the manifest.
    pub kind: &'static str,
    /// Path such as `spec.subnets[].cidr`.
    pub path: String,
    /// What may stand there, in a word or two; `block` for a mapping whose fields are listed as well.
    pub shape: String,
    /// The words that may stand there, where only a few may.
    pub words: &'static [&'static str],
    /// What it does.
    pub effect: FieldEffect,
}

/// What a field does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldEffect {
    /// It decides about AWS resources, or whether a manifest is sound.
    Acts,
    /// It decides what instances boot with, or which add-ons run and how, and about no AWS resource.
    Boots,
    /// It is accepted, with a note, and has no effect for this reason.
    NoEffect(&'static str),
    /// It is an error, for this reason.
    Refused(&'static str),
}

/// Why fields have no effect that a note would be too much for.
const BOOKKEEPING: &str = "only API servers write it";

fn kinds() -> [(&'static str, &'static Block); 3] {
    [("Cluster", &CLUSTER), ("InstanceGroup", &INSTANCE_GROUP), ("SSHCredential", &SSH_CREDENTIAL)]
}

/// Every field, kind by kind in kops's order. A block is an entry, and so are its fields, unless it is refused as a whole.
#[must_use]
pub fn fields() -> Vec<FieldEntry> {
    let mut entries = Vec::new();
    for (kind, block) in kinds() {
        for field in block.fields {
            list(kind, "", field, FieldEffect::Acts, &mut entries);
        }
    }
    entries
}

/// `around`: what the block around the field does, of which an idle one says why.
fn list(kind: &'static str, parent: &str, field: &'static Field, around: FieldEffect, entries: &mut Vec<FieldEntry>) {
    let dot = if parent.is_empty() { "" } else { "." };
    let path = format!("{parent}{dot}{}{}", field.name, suffix(&field.shape));
    let effect = match (field.effect, around) {
        (Effect::Acts, _) => FieldEffect::Acts,
        (Effect::Boots, _) => FieldEffect::Boots,
        (Effect::Refused(why), _) => FieldEffect::Refused(why),
        (Effect::Bookkeeping, _) => FieldEffect::NoEffect(BOOKKEEPING),
        (Effect::None(""), FieldEffect::NoEffect(why)) | (Effect::None(why), _) => FieldEffect::NoEffect(why),
    };
    let (inner, words) = match innermost(&field.shape) {
        Shape::Object(block) => (Some(*block), [].as_slice()),
        Shape::Word(words) => (None, *words),
        _ => (None, [].as_slice()),
    };
    entries.push(FieldEntry { kind, path: path.clone(), shape: word(&field.shape).to_owned(), words, effect });
    let Some(block) = inner.filter(|_| !matches!(effect, FieldEffect::Refused(_))) else {
        return;
    };
    for inner in block.fields {
        list(kind, &path, inner, effect, entries);
    }
}

/// What stands in lists and mappings with free keys.
fn innermost(shape: &Shape) -> &Shape {
    match shape {
        Shape::List(inner) | Shape::Map(inner) => innermost(inner),
        other => other,
    }
}

fn suffix(shape: &Shape) -> String {
    match shape {
        Shape::List(inner) => format!("[]{}", suffix(inner)),
        Shape::Map(inner) => format!(".<key>{}", suffix(inner)),
        _ => String::new(),
    }
}

fn word(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text => "text",
        Shape::Word(_) => "word",
        Shape::Boolean => "boolean",
        Shape::Integer => "integer",
        Shape::Quantity => "quantity",
        Shape::Duration => "duration",
        Shape::IntegerOrText => "integer or text",
        Shape::List(inner) | Shape::Map(inner) => word(inner),
        Shape::Object(_) => "block",
        Shape::Any => "anything",
    }
}

/// JSON Schema (draft 2020-12) of the manifests that are read.
#[must_use]
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let mut any_of = Vec::new();
    for (kind, block) in kinds() {
        define(block, &mut definitions);
        if let Some(properties) = definitions.get_mut(kind).and_then(Value::as_object_mut) {
            properties.insert("required".to_owned(), json!(["apiVersion", "kind", "metadata", "spec"]));
            if let Some(fields) = properties.get_mut("properties").and_then(Value::as_object_mut) {
                fields.insert("apiVersion".to_owned(), json!({"const": "kops.k8s.io/v1alpha2"}));
                fields.insert("kind".to_owned(), json!({"const": kind}));
            }
        }
        any_of.push(json!({"$ref": format!("#/$defs/{kind}")}));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Manifests that kedge reads",
        "oneOf": any_of,
        "$defs": definitions,
    })
}

/// Adds a block, and those that its fields hold, to the definitions.
fn define(block: &'static Block, definitions: &mut Map<String, Value>) {
    let name = block.name.to_owned();
    if definitions.contains_key(&name) {
        return;
    }
    // Stands in while the fields are described, in case one of them holds the block again.
    definitions.insert(name.clone(), Value::Null);
    let mut properties = Map::new();
    for field in block.fields {
        let mut described = match describe(&field.shape, definitions) {
            Value::Object(described) => described,
            _ => Map::new(),
        };
        match field.effect {
            Effect::Acts | Effect::Boots | Effect::Bookkeeping => {}
            Effect::None(why) => {
                let why = if why.is_empty() { String::new() } else { format!(": {why}") };
                described.insert("description".to_owned(), json!(format!("Accepted; it has no effect{why}.")));
            }
            Effect::Refused(why) => {
                described.insert("description".to_owned(), json!(format!("Refused: {why}.")));
                described.insert("not".to_owned(), json!({}));
            }
        }
        properties.insert(field.name.to_owned(), Value::Object(described));
    }
    let schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    definitions.insert(name, schema);
}

fn describe(shape: &Shape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        Shape::Text => json!({"type": ["string", "number", "boolean"]}),
        Shape::Word(words) => json!({"enum": words}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Integer => json!({"type": ["integer", "string"], "pattern": "^[+-]?[0-9]+$"}),
        Shape::Quantity => {
            json!({"type": ["string", "number"], "pattern": "^[+-]?[0-9.]+([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$"})
        }
        Shape::Duration => {
            json!({"type": ["string", "integer"], "pattern": "^[+-]?(0|([0-9.]+(ns|us|µs|ms|s|m|h))+)$"})
        }
        Shape::IntegerOrText => json!({"type": ["integer", "string"]}),
        Shape::List(inner) => json!({"type": "array", "items": describe(inner, definitions)}),
        Shape::Map(inner) => json!({"type": "object", "additionalProperties": describe(inner, definitions)}),
        Shape::Object(block) => {
            define(block, definitions);
            json!({"$ref": format!("#/$defs/{}", block.name)})
        }
        Shape::Any => json!({}),
    }
}

#[cfg(test)]
mod tests;
