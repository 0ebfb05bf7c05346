//! Nodes against the table of fields: unknown, misplaced, wrong and idle fields are reported where they stand, and what
//! acts is handed on as a value in which every number, text and boolean has its right type.

use std::collections::BTreeSet;

use kedge_diag::{Diagnostic, Diagnostics};
use serde::de::DeserializeOwned;
use serde_yaml::{Mapping, Value};

use crate::document::Document;
use crate::field::{Block, Effect, Field, Shape};
use crate::units;
use crate::yaml::{Data, Entry, Node, typed};

mod unknown;

pub(crate) use unknown::{nearest, word_hint};

/// Reads a document by the table of its kind. What cannot be used is reported and left out.
pub(crate) fn decode<T: DeserializeOwned + Default>(
    document: &mut Document,
    block: &'static Block,
    allow_unknown_fields: bool,
    diagnostics: &mut Diagnostics,
) -> T {
    let (value, left_out) = {
        let document = &*document;
        let (path, left_out) = (String::new(), BTreeSet::new());
        let mut decoder =
            Decoder { document, root: block, allow_unknown_fields, keep: false, path, left_out, diagnostics };
        (decoder.block(&document.root, block, true), decoder.left_out)
    };
    document.left_out = left_out;
    match typed(value) {
        Ok(read) => read,
        Err((path, message)) => {
            let diagnostic = Diagnostic::error("wrong-value", "value cannot be used", message);
            document.report(diagnostics, &path, diagnostic);
            document.left_out.insert(String::new());
            T::default()
        }
    }
}

/// Every field of a document that can be used, also those that decide about no AWS resource, as a value in which every number, text
/// and boolean has its right type. What is wrong with the document [`decode`] has reported.
pub(crate) fn settings(document: &Document, block: &'static Block) -> Value {
    let (path, left_out, mut unheard) = (String::new(), BTreeSet::new(), Diagnostics::default());
    let diagnostics = &mut unheard;
    let mut decoder =
        Decoder { document, root: block, allow_unknown_fields: true, keep: true, path, left_out, diagnostics };
    decoder.block(&document.root, block, false)
}

/// The walk over one document.
struct Decoder<'a> {
    document: &'a Document,
    root: &'static Block,
    allow_unknown_fields: bool,
    /// Whether fields are handed on that decide about no AWS resource.
    keep: bool,
    /// Path of the value that is looked at.
    path: String,
    left_out: BTreeSet<String>,
    diagnostics: &'a mut Diagnostics,
}

impl Decoder<'_> {
    /// Runs `inside` with `step` added to the path.
    fn within<R>(&mut self, step: &str, inside: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.path.len();
        if step.contains('.') {
            self.path.push('[');
            self.path.push_str(step);
            self.path.push(']');
        } else {
            if !self.path.is_empty() && !step.starts_with('[') {
                self.path.push('.');
            }
            self.path.push_str(step);
        }
        let result = inside(self);
        self.path.truncate(length);
        result
    }

    fn push(&mut self, diagnostic: Diagnostic, start: usize, end: usize) {
        let span = self.document.span(start, end);
        self.diagnostics.push(diagnostic.at(self.document.full_path(&self.path), Some(span)));
    }

    /// A mapping with known keys. `loud`: fields without effect are noted.
    fn block(&mut self, node: &Node, block: &'static Block, loud: bool) -> Value {
        let mut values = Mapping::new();
        for entry in node.entries() {
            let value = match block.field(&entry.key) {
                Some(field) => self.within(&entry.key, |decoder| decoder.field(entry, field, loud)),
                None => {
                    self.within(&entry.key, |decoder| decoder.unknown(entry, block));
                    None
                }
            };
            if let Some(value) = value {
                values.insert(Value::String(entry.key.clone()), value);
            }
        }
        Value::Mapping(values)
    }

    fn field(&mut self, entry: &Entry, field: &'static Field, loud: bool) -> Option<Value> {
        // An empty field is one that was not written: kops takes null for absent everywhere.
        if entry.value.is_null() {
            return None;
        }
        match field.effect {
            Effect::Refused(why) => {
                self.push(
                    Diagnostic::error("field-refused", "field is not supported", format!("`{}`: {why}", field.name))
                        .hint("remove the field"),
                    entry.key_start,
                    entry.key_end,
                );
                None
            }
            Effect::None(_) | Effect::Bookkeeping => {
                if let (true, Effect::None(why)) = (loud, field.effect) {
                    self.push(
                        Diagnostic::note(
                            "field-without-effect",
                            "field has no effect",
                            format!("`{}` is accepted, and nothing that kedge makes depends on it: {why}", self.path),
                        ),
                        entry.key_start,
                        entry.key_end,
                    );
                }
                self.value(&entry.value, &field.shape, false).filter(|_| self.keep)
            }
            // They are read from the settings, as they are written.
            Effect::Boots => self.value(&entry.value, &field.shape, loud).filter(|_| self.keep),
            Effect::Acts => {
                let value = self.value(&entry.value, &field.shape, loud);
                match &value {
                    // AWS's numbers are of 32 bits throughout.
                    Some(Value::Number(number)) if number.as_i64().is_some_and(|n| i32::try_from(n).is_err()) => {
                        self.wrong(&entry.value, &field.shape)
                    }
                    _ => value,
                }
            }
        }
    }

    /// A value of a shape, or `None` after a report.
    fn value(&mut self, node: &Node, shape: &Shape, loud: bool) -> Option<Value> {
        match (shape, &node.data) {
            (Shape::Any, _) if self.keep => Some(plain(node)),
            (Shape::Any, _) => Some(Value::Null),
            (Shape::Object(block), Data::Mapping(_)) => Some(self.block(node, block, loud)),
            (Shape::List(inner), Data::Sequence(items)) => Some(Value::Sequence(
                items
                    .iter()
                    .enumerate()
                    // An item that is wrong keeps its place, so that the paths of the others stay true.
                    .map(|(at, item)| {
                        let read = self.within(&format!("[{at}]"), |decoder| decoder.value(item, inner, loud));
                        read.unwrap_or_else(|| nothing(inner))
                    })
                    .collect(),
            )),
            (Shape::Map(inner), Data::Mapping(entries)) => {
                let mut values = Mapping::new();
                for entry in entries {
                    let value = self.within(&entry.key, |decoder| decoder.value(&entry.value, inner, loud));
                    if let Some(value) = value {
                        values.insert(Value::String(entry.key.clone()), value);
                    }
                }
                Some(Value::Mapping(values))
            }
            (Shape::Word(words), Data::Scalar { text, .. }) => self.word(text, words),
            (_, Data::Scalar { text, plain }) => match scalar(text, *plain && node.is_null(), shape) {
                Some(value) => Some(value),
                None => self.wrong(node, shape),
            },
            _ => self.wrong(node, shape),
        }
    }

    /// One of a few words.
    fn word(&mut self, text: &str, words: &[&'static str]) -> Option<Value> {
        if text.is_empty() {
            return None;
        }
        if words.contains(&text) {
            return Some(Value::String(text.to_owned()));
        }
        let detail = format!("`{}` means nothing in `{}`", shorten(text), self.path);
        let diagnostic =
            Diagnostic::error("unknown-value", "value is unknown", detail).hint(unknown::word_hint(text, words));
        let span = self.document.place(&self.path);
        self.left_out.insert(self.path.clone());
        self.push(diagnostic, span.start, span.end);
        None
    }

    fn wrong(&mut self, node: &Node, shape: &Shape) -> Option<Value> {
        let found = match &node.data {
            Data::Sequence(_) => "a list".to_owned(),
            Data::Mapping(_) => "a mapping".to_owned(),
            Data::Scalar { .. } if node.is_null() => "nothing".to_owned(),
            Data::Scalar { text, .. } => format!("`{}`", shorten(text)),
        };
        let mut diagnostic = Diagnostic::error(
            "wrong-type",
            "value has the wrong type",
            format!("`{}` is {}, and here stands {found}", self.path, expected(shape)),
        );
        if self.path == "spec.cloudProvider" {
            diagnostic = diagnostic.hint(
                "write `cloudProvider: aws`; what newer versions of the API have below `cloudProvider.aws` stands in \
                 `v1alpha2` directly below `spec`",
            );
        }
        let span = self.document.place(&self.path);
        self.left_out.insert(self.path.clone());
        self.push(diagnostic, span.start, span.end);
        None
    }

    fn unknown(&mut self, entry: &Entry, block: &'static Block) {
        let detail = format!("`{}` is no field of {}", entry.key, block.name);
        // kops dropped this block years ago and ignores it without a word; manifests still carry it.
        let diagnostic = if self.path == "spec.serviceOIDCProvider" {
            Diagnostic::warning("unknown-field", "field is unknown", format!("{detail}; kops ignores it as well"))
                .hint("remove it, or see `serviceAccountIssuerDiscovery`")
        } else {
            let diagnostic = if self.allow_unknown_fields {
                Diagnostic::note("unknown-field", "field is unknown", format!("{detail}; it is ignored as you asked"))
            } else {
                Diagnostic::error("unknown-field", "field is unknown", detail)
            };
            match unknown::hint(&entry.key, block, self.root) {
                Some(hint) => diagnostic.hint(hint),
                None => diagnostic,
            }
        };
        self.push(diagnostic, entry.key_start, entry.key_end);
    }
}

/// A value of any shape, as YAML has it.
fn plain(node: &Node) -> Value {
    match &node.data {
        Data::Scalar { .. } if node.is_null() => Value::Null,
        Data::Scalar { text, plain: true } => {
            serde_yaml::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
        }
        Data::Scalar { text, plain: false } => Value::String(text.clone()),
        Data::Sequence(items) => Value::Sequence(items.iter().map(plain).collect()),
        Data::Mapping(entries) => {
            let pairs = entries.iter().map(|entry| (Value::String(entry.key.clone()), plain(&entry.value)));
            Value::Mapping(pairs.collect())
        }
    }
}

/// A scalar as its shape wants it.
fn scalar(text: &str, null: bool, shape: &Shape) -> Option<Value> {
    if null {
        return None;
    }
    let as_text = || Value::String(text.to_owned());
    match shape {
        Shape::Text | Shape::IntegerOrText => Some(as_text()),
        // The words of YAML 1.1 count, because kops reads them so.
        Shape::Boolean => match text {
            "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(Value::Bool(true)),
            "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(Value::Bool(false)),
            _ => None,
        },
        Shape::Integer => text.parse::<i64>().ok().map(|number| Value::Number(number.into())),
        Shape::Quantity => units::quantity(text).map(|_| as_text()),
        Shape::Duration => units::duration_seconds(text).map(|_| as_text()),
        Shape::Word(_) | Shape::List(_) | Shape::Map(_) | Shape::Object(_) | Shape::Any => None,
    }
}

/// What stands in for an item that was left out.
fn nothing(shape: &Shape) -> Value {
    match shape {
        Shape::Object(_) | Shape::Map(_) => Value::Mapping(Mapping::new()),
        Shape::List(_) => Value::Sequence(Vec::new()),
        _ => Value::String(String::new()),
    }
}

/// The shape in words.
fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text | Shape::Word(_) => "text",
        Shape::Boolean => "`true` or `false`",
        Shape::Integer => "a whole number",
        Shape::Quantity => "a quantity such as `500m` or `4Gi`",
        Shape::Duration => "a duration such as `48h20m`",
        Shape::IntegerOrText => "a number or text",
        Shape::List(_) => "a list",
        Shape::Map(_) | Shape::Object(_) => "a mapping",
        Shape::Any => "anything",
    }
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests;
