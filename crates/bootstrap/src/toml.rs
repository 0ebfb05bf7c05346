//! As much of TOML as the configuration of containerd needs.

use std::collections::BTreeMap;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Toml {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Self>),
    Table(BTreeMap<String, Self>),
}

impl From<&str> for Toml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Toml {
    /// A table.
    pub(crate) fn table<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// A word of the manifest as what it looks like.
    pub(crate) fn guess(text: &str) -> Self {
        match text {
            "true" => Self::Boolean(true),
            "false" => Self::Boolean(false),
            _ => text.parse().map_or_else(|_| text.into(), Self::Integer),
        }
    }

    /// Sets what stands at a path of keys. What stands in the way is replaced by a table.
    pub(crate) fn set(&mut self, path: &[String], value: Self) {
        let Some((first, rest)) = path.split_first() else {
            *self = value;
            return;
        };
        if !matches!(self, Self::Table(_)) {
            *self = Self::Table(BTreeMap::new());
        }
        if let Self::Table(entries) = self {
            entries.entry(first.clone()).or_insert_with(|| Self::Table(BTreeMap::new())).set(rest, value);
        }
    }

    /// The text of a document.
    pub(crate) fn write(&self) -> String {
        let mut out = String::new();
        if let Self::Table(entries) = self {
            write_table(entries, &mut Vec::new(), &mut out);
        }
        out
    }

    fn inline(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::List(items) => format!("[{}]", items.iter().map(Self::inline).collect::<Vec<_>>().join(", ")),
            Self::Table(entries) => {
                let pairs = entries.iter().map(|(name, value)| format!("{} = {}", key(name), value.inline()));
                format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// A key with dots as its parts; parts between quotes may hold dots.
pub(crate) fn path(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            (None, '.') => parts.push(std::mem::take(&mut part)),
            _ => part.push(c),
        }
    }
    parts.push(part);
    parts
}

fn write_table(entries: &BTreeMap<String, Toml>, path: &mut Vec<String>, out: &mut String) {
    let plain: Vec<_> = entries.iter().filter(|(_, value)| !matches!(value, Toml::Table(_))).collect();
    if !path.is_empty() && (!plain.is_empty() || entries.is_empty()) {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&format_args!("[{}]\n", path.join(".")).to_string());
    }
    for (name, value) in plain {
        out.push_str(&format_args!("{} = {}\n", key(name), value.inline()).to_string());
    }
    for (name, value) in entries {
        if let Toml::Table(inner) = value {
            path.push(key(name));
            write_table(inner, path, out);
            path.pop();
        }
    }
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if bare { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push_str(&format_args!("\\u{:04X}", u32::from(c)).to_string()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document() {
        let mut document = Toml::table([("version", Toml::Integer(2)), ("root", "/a\"b\\".into())]);
        document.set(&path("plugins.\"io.containerd.grpc.v1.cri\".cni.dirs"), Toml::List(vec!["a".into(), "b".into()]));
        document.set(&path("plugins.x.on"), Toml::guess("true"));
        document.set(&path("empty.table"), Toml::table([]));
        assert_eq!(
            document.write(),
            "root = \"/a\\\"b\\\\\"\nversion = 2\n\n[empty.table]\n\n[plugins.\"io.containerd.grpc.v1.cri\".cni]\ndirs = [\"a\", \
             \"b\"]\n\n[plugins.x]\non = true\n"
        );
    }
}
