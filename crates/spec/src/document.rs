//! The documents of the texts: where each begins, what it is, and where its fields stand.

use std::collections::BTreeSet;
use std::sync::Arc;

use kedge_diag::{Diagnostic, Diagnostics, Source, Span};
use kedge_resource::ClusterName;

use crate::yaml::{Data, Fault, Node, read};

/// The label that says which cluster a manifest belongs to.
pub(crate) const CLUSTER_LABEL: &str = "kops.k8s.io/cluster";

/// A document that is a mapping.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// Its text.
    pub(crate) source: Arc<Source>,
    /// Its values.
    pub(crate) root: Node,
    /// `apiVersion`, if there is one.
    pub(crate) api_version: String,
    /// `kind`, if there is one.
    pub(crate) kind: String,
    /// `metadata.name`, if there is one.
    pub(crate) name: String,
    /// Paths of values that were reported and left out: what follows from their absence is not reported again.
    pub(crate) left_out: BTreeSet<String>,
}

impl Document {
    fn new(source: Arc<Source>, root: Node) -> Self {
        let text = |node: Option<&Node>| node.and_then(Node::text).unwrap_or_default().to_owned();
        let (api_version, kind) = (text(root.get("apiVersion")), text(root.get("kind")));
        let name = text(root.get("metadata").and_then(|metadata| metadata.get("name")));
        Self { source, root, api_version, kind, name, left_out: BTreeSet::new() }
    }

    /// `Cluster/minimal.example.com`, as far as it is known.
    pub(crate) fn label(&self) -> String {
        match (self.kind.as_str(), self.name.as_str()) {
            ("", "") => "document".to_owned(),
            (kind, "") => kind.to_owned(),
            (kind, name) => format!("{kind}/{name}"),
        }
    }

    /// The cluster that its label names.
    pub(crate) fn cluster_label(&self) -> Option<&str> {
        self.root.get("metadata")?.get("labels")?.get(CLUSTER_LABEL)?.text()
    }

    /// Whether it is of this cluster: says so by its label, or says nothing about it.
    pub(crate) fn concerns(&self, cluster: &ClusterName) -> bool {
        self.cluster_label().is_none_or(|label| label == cluster.as_str())
    }

    /// The bytes of a span.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source.clone(), start, end)
    }

    /// Where a field stands: a scalar itself, the key of a collection, and for what is missing the nearest thing around it.
    pub(crate) fn place(&self, path: &str) -> Span {
        let mut node = &self.root;
        let (mut start, mut end) = self.start();
        for step in steps(path) {
            let next = match step {
                Step::Key(key) => node.entry(key).map(|entry| ((entry.key_start, entry.key_end), &entry.value)),
                Step::Index(index) => node.item(index).map(|item| (first(item), item)),
            };
            let Some((place, value)) = next else { break };
            (start, end) = if value.text().is_some() { (value.start, value.end) } else { place };
            node = value;
        }
        self.line(start, end)
    }

    /// The value at a path.
    pub(crate) fn node(&self, path: &str) -> Option<&Node> {
        steps(path).try_fold(&self.root, |node, step| match step {
            Step::Key(key) => node.get(key),
            Step::Index(index) => node.item(index),
        })
    }

    /// What stands for the whole document: its name, else its kind, else its first key.
    fn start(&self) -> (usize, usize) {
        let named = self.root.get("metadata").and_then(|metadata| metadata.get("name"));
        named
            .or_else(|| self.root.get("kind"))
            .filter(|node| node.text().is_some())
            .map_or_else(|| first(&self.root), |node| (node.start, node.end))
    }

    /// A span that ends with its first line: block scalars would underline a page.
    fn line(&self, start: usize, end: usize) -> Span {
        let text = self.source.text.get(start..end).unwrap_or_default();
        let first_line = text.lines().next().unwrap_or_default().trim_end().len();
        self.span(start, if first_line == 0 { end } else { start + first_line })
    }

    /// Puts a diagnostic at a field of this document, unless the field was reported before.
    pub(crate) fn report(&self, diagnostics: &mut Diagnostics, path: &str, diagnostic: Diagnostic) {
        if !self.is_left_out(path) {
            let span = self.place(path);
            diagnostics.push(diagnostic.at(self.full_path(path), Some(span)));
        }
    }

    /// Whether a value, or one that it is a part of, was reported and left out.
    pub(crate) fn is_left_out(&self, path: &str) -> bool {
        self.left_out.iter().any(|left_out| {
            path.strip_prefix(left_out.as_str())
                .is_some_and(|rest| left_out.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }

    /// `Cluster/minimal.example.com: spec.networkCIDR`.
    pub(crate) fn full_path(&self, path: &str) -> String {
        if path.is_empty() { self.label() } else { format!("{}: {path}", self.label()) }
    }
}

/// What stands for an item of a list: its name, else its first key, else the item.
fn first(node: &Node) -> (usize, usize) {
    match &node.data {
        Data::Scalar { .. } => (node.start, node.end),
        Data::Sequence(items) => items.first().map_or((node.start, node.end), first),
        Data::Mapping(entries) => match node.get("name").filter(|name| name.text().is_some()) {
            Some(name) => (name.start, name.end),
            None => entries.first().map_or((node.start, node.end), |entry| (entry.key_start, entry.key_end)),
        },
    }
}

/// A step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// The steps of a path such as `spec.subnets[1].cidr`. A key that has dots stands in brackets: `labels[a.b/c]`.
fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    let mut rest = path;
    std::iter::from_fn(move || {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if rest.is_empty() {
            return None;
        }
        if let Some(inner) = rest.strip_prefix('[') {
            let (key, after) = inner.split_once(']').unwrap_or((inner, ""));
            rest = after;
            return Some(key.parse().map_or(Step::Key(key), Step::Index));
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        rest = after;
        Some(Step::Key(key))
    })
}

/// The documents of a text, and whether all of it could be read.
pub(crate) fn documents(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> (Vec<Document>, bool) {
    let mut found = Vec::new();
    let mut complete = true;
    for (start, end) in document_spans(&source.text) {
        let text = source.text.get(start..end).unwrap_or_default();
        let (root, faults) = read(text, start);
        for fault in &faults {
            complete &= matches!(fault, Fault::DuplicateKey { .. });
            diagnostics.push(describe(source, fault));
        }
        match root {
            Some(root) if matches!(root.data, Data::Mapping(_)) => found.push(Document::new(source.clone(), root)),
            Some(root) => {
                complete = false;
                let (start, end) = first(&root);
                diagnostics.push(
                    Diagnostic::error(
                        "not-a-mapping",
                        "document is no mapping",
                        "a manifest is a mapping with `apiVersion`, `kind`, `metadata` and `spec`",
                    )
                    .at("document", Some(Span::new(source.clone(), start, end)))
                    .hint("put manifests of several kinds into documents of their own, with a line `---` between them"),
                );
            }
            None => {}
        }
    }
    (found, complete)
}

/// The bytes of each document that is not empty. A document begins at a line `---` and ends before the next, or at `...`.
#[must_use]
pub fn document_spans(text: &str) -> Vec<(usize, usize)> {
    let body = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut parts = Vec::new();
    let (mut start, mut at, mut filled) = (body, body, false);
    for line in text.get(body..).unwrap_or_default().split_inclusive('\n') {
        let bare = line.trim_end();
        let marker = |mark: &str| {
            bare.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
        };
        if marker("---") || marker("...") {
            if filled {
                parts.push((start, at));
            }
            let ends = marker("...");
            start = if ends { at + line.len() } else { at };
            filled = !ends && bare.get(3..).is_some_and(holds_content);
        } else {
            filled |= holds_content(bare);
        }
        at += line.len();
    }
    if filled {
        parts.push((start, text.len()));
    }
    parts
}

/// Whether a line has more than a comment or a directive.
fn holds_content(line: &str) -> bool {
    let line = line.trim_start();
    !(line.is_empty() || line.starts_with('#') || line.starts_with('%'))
}

/// A document as somebody wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestText {
    /// `kind`, if there is one.
    pub kind: String,
    /// `metadata.name`, if there is one.
    pub name: String,
    /// The document without the line `---` before it.
    pub text: String,
}

/// The documents of a text, each as it was written, with its comments. Documents that cannot be read have no kind.
#[must_use]
pub fn manifest_texts(text: &str) -> Vec<ManifestText> {
    let source = Arc::new(Source { name: String::new(), text: text.to_owned() });
    document_spans(text)
        .into_iter()
        .filter_map(|(start, end)| text.get(start..end))
        .map(|part| {
            let bare = part.strip_prefix("---").unwrap_or(part).trim_start_matches(['\r', '\n']);
            let (kind, name) = read(part, 0).0.map_or_else(Default::default, |root| {
                let document = Document::new(source.clone(), root);
                (document.kind, document.name)
            });
            ManifestText { kind, name, text: format!("{}\n", bare.trim_end()) }
        })
        .collect()
}

/// Says what is wrong with a text.
fn describe(source: &Arc<Source>, fault: &Fault) -> Diagnostic {
    match fault {
        Fault::Syntax { at, message } => {
            let line_end =
                source.text.get(*at..).and_then(|rest| rest.find('\n')).map_or(source.text.len(), |n| at + n);
            Diagnostic::error("yaml-syntax", "document cannot be read", format!("this is no valid YAML: {message}"))
                .at("document", Some(Span::new(source.clone(), *at, (*at + 1).max(line_end))))
                .hint("the mistake is often on this line or the one above it: check indentation, colons and quotes")
        }
        Fault::DuplicateKey { key, second, first } => {
            let (line, _) = Span::new(source.clone(), *first, *first).line_column();
            Diagnostic::error(
                "duplicate-key",
                "key stands twice",
                format!("`{key}` was given in line {line} already; only one of the two values could count"),
            )
            .at(key.clone(), Some(Span::new(source.clone(), second.0, second.1)))
            .hint("remove one of the two")
        }
    }
}

#[cfg(test)]
mod tests;
