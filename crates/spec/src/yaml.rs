//! YAML text to nodes that know where they stand.
//!
//! `serde_yaml` decides whether a text is YAML, and deserialises values into types. It keeps no positions, so a second
//! parser (`saphyr-parser`) yields the nodes with the bytes that they occupy. No other module sees either.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Span as EventSpan, StrInput, Tag};
use serde::de::{DeserializeOwned, IgnoredAny};

mod write;

pub(crate) use write::write;

/// Nodes that a document may have once its aliases are expanded; real manifests stay far below.
const MOST_NODES: usize = 200_000;
/// Levels of nesting that a document may have.
const MOST_LEVELS: usize = 64;

/// Brackets that may be open at once, wherever they stand. The first parser looks at all of them for each word, so a text of
/// nothing but brackets would keep it busy for hours.
const MOST_BRACKETS: usize = 1_000;

/// A value and the bytes of the source that it occupies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// First byte.
    pub(crate) start: usize,
    /// Byte after the last.
    pub(crate) end: usize,
    /// The value.
    pub(crate) data: Data,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    /// A scalar as written, without quotes and escapes.
    Scalar {
        /// Its text.
        text: String,
        /// Without quotes: may be a number, a boolean or null.
        plain: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping in the order of the text.
    Mapping(Vec<Entry>),
}

/// An entry of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// First byte of the key.
    pub(crate) key_start: usize,
    /// Byte after the key.
    pub(crate) key_end: usize,
    /// The value.
    pub(crate) value: Node,
}

impl Node {
    /// Whether this is null (nothing, `~` or `null` without quotes).
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.data, Data::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The text of a scalar that is not null.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.data {
            Data::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The entry of a mapping.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value of an entry.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The item of a list.
    pub(crate) fn item(&self, index: usize) -> Option<&Self> {
        match &self.data {
            Data::Sequence(items) => items.get(index),
            _ => None,
        }
    }
}

/// Something that is wrong with the text of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The text is no YAML, or is YAML that no manifest may be.
    Syntax {
        /// First byte of the place.
        at: usize,
        /// What the parser says.
        message: String,
    },
    /// A mapping has a key twice.
    DuplicateKey {
        /// The key.
        key: String,
        /// Bytes of the second one.
        second: (usize, usize),
        /// First byte of the first one.
        first: usize,
    },
}

/// Reads one document that stands at byte `offset` of its source. `None` as node: it is empty, or cannot be read.
///
/// A repeated key is a fault, and its first value is kept, so that the rest of the document is still checked.
pub(crate) fn read(text: &str, offset: usize) -> (Option<Node>, Vec<Fault>) {
    if let Some(at) = too_many_brackets(text) {
        let message = format!("more than {MOST_BRACKETS} brackets are open");
        return (None, vec![Fault::Syntax { at: offset + at, message }]);
    }
    // `IgnoredAny` reads every event and keeps nothing, so it does not stop at a repeated key.
    if let Err(error) = serde_yaml::from_str::<IgnoredAny>(text) {
        let full = error.to_string();
        // An empty document is none, not a wrong one.
        if full.starts_with("EOF while parsing") {
            return (None, Vec::new());
        }
        let character = error.location().map_or(0, |location| location.index());
        let at = text.char_indices().nth(character).map_or(text.len(), |(at, _)| at);
        let message = full.split(" at line ").next().unwrap_or_default().to_owned();
        return (None, vec![Fault::Syntax { at: offset + at, message }]);
    }
    let mut builder = Builder::new(text, offset);
    match builder.run() {
        Ok(node) => (node, builder.faults),
        Err(fault) => {
            builder.faults.push(fault);
            (None, builder.faults)
        }
    }
}

/// Where more brackets are open than any manifest has, brackets within texts counted as well.
fn too_many_brackets(text: &str) -> Option<usize> {
    let mut open: usize = 0;
    text.bytes().position(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > MOST_BRACKETS
    })
}

/// Reads a value that the schema has put in order into its type. The error names the path within the value.
pub(crate) fn typed<T: DeserializeOwned>(value: serde_yaml::Value) -> Result<T, (String, String)> {
    serde_path_to_error::deserialize(value).map_err(|error| (error.path().to_string(), error.inner().to_string()))
}

/// A collection that is being read.
enum Open {
    Sequence { anchor: usize, start: usize, items: Vec<Node> },
    Mapping { anchor: usize, start: usize, keys: Keys, key: Option<(String, usize, usize)>, merges: Vec<Node> },
}

/// The entries of a mapping, and where each key was seen first.
#[derive(Default)]
struct Keys {
    entries: Vec<Entry>,
    /// Only for long mappings: a scan of a short one is cheaper than copies of its keys.
    seen: HashMap<String, usize>,
}

impl Keys {
    const LONG: usize = 48;

    /// Where the key was seen before.
    fn first(&self, key: &str) -> Option<usize> {
        if self.entries.len() < Self::LONG {
            return self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.key_start);
        }
        self.seen.get(key).copied()
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() + 1 == Self::LONG {
            self.seen = self.entries.iter().map(|entry| (entry.key.clone(), entry.key_start)).collect();
        }
        if self.entries.len() + 1 >= Self::LONG {
            self.seen.insert(entry.key.clone(), entry.key_start);
        }
        self.entries.push(entry);
    }
}

/// Puts nodes together from events.
struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
    /// Byte of each character, if there are characters of several bytes.
    bytes: Option<Vec<usize>>,
    offset: usize,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    faults: Vec<Fault>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, offset: usize) -> Self {
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Self {
            parser: Parser::new_from_str(text),
            text,
            bytes,
            offset,
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            faults: Vec::new(),
        }
    }

    /// The byte of the source at which the character of this number stands.
    fn byte(&self, index: usize) -> usize {
        let within = match &self.bytes {
            Some(bytes) => bytes.get(index).copied().unwrap_or(self.text.len()),
            None => index.min(self.text.len()),
        };
        self.offset + within
    }

    /// The byte after the quote that ends the scalar at `start`: the parser counts a comment after it in.
    fn after_quote(&self, start: usize) -> Option<usize> {
        let mut rest = self.text.as_bytes().get(start - self.offset..)?.iter().enumerate();
        let (_, quote) = rest.next()?;
        while let Some((at, byte)) = rest.next() {
            if *quote == b'"' && *byte == b'\\' {
                rest.next();
            } else if byte == quote {
                // Two single quotes are one character of the text.
                let twice = *quote == b'\'' && self.text.as_bytes().get(start - self.offset + at + 1) == Some(quote);
                if !twice {
                    return Some(start + at + 1);
                }
                rest.next();
            }
        }
        None
    }

    fn fault(&self, span: EventSpan, message: impl Into<String>) -> Fault {
        Fault::Syntax { at: self.byte(span.start.index()), message: message.into() }
    }

    fn run(&mut self) -> Result<Option<Node>, Fault> {
        let mut root = None;
        while let Some(event) = self.parser.next_event() {
            let (event, span) = event.map_err(|error| Fault::Syntax {
                at: self.byte(error.marker().index()),
                message: error.info().to_owned(),
            })?;
            let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
            let closed = match event {
                Event::Scalar(text, style, anchor, tag) => {
                    let plain = style == ScalarStyle::Plain && !tag.as_deref().is_some_and(is_string_tag);
                    let end = match style {
                        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => self.after_quote(start).unwrap_or(end),
                        ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => end,
                    };
                    let node = Node { start, end, data: Data::Scalar { text: text.into_owned(), plain } };
                    self.remember(anchor, &node, 1, span)?;
                    Some(node)
                }
                Event::Alias(anchor) => {
                    let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                        return Err(self.fault(span, "an alias of an anchor that contains it"));
                    };
                    self.count(size, span)?;
                    Some(node)
                }
                Event::SequenceStart(anchor, _) => {
                    self.push(Open::Sequence { anchor, start, items: Vec::new() }, span)?;
                    None
                }
                Event::MappingStart(anchor, _) => {
                    let (keys, merges) = (Keys::default(), Vec::new());
                    self.push(Open::Mapping { anchor, start, keys, key: None, merges }, span)?;
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(end, span)?,
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd => None,
            };
            if let Some(node) = closed {
                match self.open.last() {
                    None => root = Some(node),
                    Some(_) => self.add(node, span)?,
                }
            }
        }
        Ok(root.filter(|node| !node.is_null()))
    }

    fn push(&mut self, open: Open, span: EventSpan) -> Result<(), Fault> {
        if self.open.len() >= MOST_LEVELS {
            return Err(self.fault(span, format!("more than {MOST_LEVELS} levels of nesting")));
        }
        self.open.push(open);
        Ok(())
    }

    fn count(&mut self, nodes: usize, span: EventSpan) -> Result<(), Fault> {
        self.nodes += nodes;
        if self.nodes > MOST_NODES {
            return Err(self.fault(span, format!("more than {MOST_NODES} values with all aliases expanded")));
        }
        Ok(())
    }

    /// Counts a finished node, and keeps it if it has an anchor.
    fn remember(&mut self, anchor: usize, node: &Node, size: usize, span: EventSpan) -> Result<(), Fault> {
        self.count(1, span)?;
        if anchor != 0 {
            // What is kept is a copy: anchors within anchors would keep their innermost values many times over.
            self.count(size, span)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(())
    }

    /// Ends the innermost collection.
    fn close(&mut self, end: usize, span: EventSpan) -> Result<Option<Node>, Fault> {
        let (anchor, node) = match self.open.pop() {
            Some(Open::Sequence { anchor, start, items }) => (anchor, Node { start, end, data: Data::Sequence(items) }),
            Some(Open::Mapping { anchor, start, keys, merges, .. }) => {
                let entries = if merges.is_empty() { keys.entries } else { merge(keys.entries, &merges) };
                (anchor, Node { start, end, data: Data::Mapping(entries) })
            }
            None => return Ok(None),
        };
        let size = if anchor == 0 { 0 } else { size(&node) };
        self.remember(anchor, &node, size, span)?;
        Ok(Some(node))
    }

    /// Puts a finished node into the innermost collection: as item, as key or as value.
    fn add(&mut self, node: Node, span: EventSpan) -> Result<(), Fault> {
        let at = self.byte(span.start.index());
        match self.open.last_mut() {
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { keys, key, merges, .. }) => match key.take() {
                None => {
                    let Data::Scalar { text, .. } = node.data else {
                        return Err(Fault::Syntax { at, message: "a key that is no text".to_owned() });
                    };
                    *key = Some((text, node.start, node.end));
                }
                Some((text, _, _)) if text == "<<" => match node.data {
                    Data::Sequence(items) => merges.extend(items),
                    Data::Mapping(_) | Data::Scalar { .. } => merges.push(node),
                },
                Some((key, key_start, key_end)) => {
                    if let Some(first) = keys.first(&key) {
                        self.faults.push(Fault::DuplicateKey { key, second: (key_start, key_end), first });
                    } else {
                        keys.push(Entry { key, key_start, key_end, value: node });
                    }
                }
            },
            None => {}
        }
        Ok(())
    }
}

/// Adds what `<<` brings in below keys that are not there yet.
fn merge(mut entries: Vec<Entry>, merges: &[Node]) -> Vec<Entry> {
    let mut known: HashSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    for merged in merges.iter().flat_map(Node::entries) {
        if known.insert(merged.key.clone()) {
            entries.push(merged.clone());
        }
    }
    entries
}

/// Number of values in a node.
fn size(node: &Node) -> usize {
    1 + match &node.data {
        Data::Scalar { .. } => 0,
        Data::Sequence(items) => items.iter().map(size).sum(),
        Data::Mapping(entries) => entries.iter().map(|entry| 1 + size(&entry.value)).sum(),
    }
}

fn is_string_tag(tag: &Tag) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == "str"
}

#[cfg(test)]
mod tests;
