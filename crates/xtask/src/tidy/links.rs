//! Links in documents lead to something.

use std::collections::BTreeMap;

use anyhow::Result;
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::Finding;
use crate::workspace::Workspace;

/// Follows every link of every Markdown file that stays in the repository.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut texts = BTreeMap::new();
    for path in workspace.files_ending(".md") {
        if let Some(text) = workspace.read(path)? {
            texts.insert(path.to_owned(), text);
        }
    }
    let mut found = Vec::new();
    for (path, text) in &texts {
        for (line, target) in links(text) {
            if let Some(message) = broken(path, &target, &texts, |path| workspace.has(path)) {
                found.push(Finding::error(format!("{path}:{line}"), message));
            }
        }
    }
    Ok(found)
}

fn broken(
    path: &str,
    target: &str,
    texts: &BTreeMap<String, String>,
    exists: impl Fn(&Utf8Path) -> bool,
) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
    let folder = Utf8Path::new(path).parent().unwrap_or(Utf8Path::new(""));
    let file = if file.is_empty() { Utf8PathBuf::from(path) } else { normal(&folder.join(file))? };
    if !exists(&file) {
        return Some(format!("the link to {target} leads nowhere"));
    }
    let (heading, text) = (heading?, texts.get(file.as_str())?);
    if headings(text).any(|known| known == heading) {
        return None;
    }
    Some(format!("{file} has no heading for #{heading}"))
}

/// The path without `.` and `..`; none if it leaves the repository.
fn normal(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let mut parts: Vec<&str> = Vec::new();
    for component in path.components() {
        match component {
            Utf8Component::Normal(part) => parts.push(part),
            Utf8Component::ParentDir => {
                parts.pop()?;
            }
            Utf8Component::CurDir | Utf8Component::RootDir | Utf8Component::Prefix(_) => {}
        }
    }
    Some(Utf8PathBuf::from(parts.join("/")))
}

/// The lines of a document that are prose, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((index + 1, line))
    })
}

/// Targets of inline links, `[…](target)`, with their lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        for (at, mark) in line.match_indices("](") {
            let rest = line.get(at + mark.len()..).unwrap_or_default();
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            if !target.is_empty() {
                found.push((number, target.to_owned()));
            }
        }
    }
    found
}

/// The anchors of the headings, as GitHub makes them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter(|(_, line)| line.starts_with('#')).map(|(_, line)| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(target: &str) -> Option<String> {
        let texts = BTreeMap::from([
            ("docs/a.md".to_owned(), "# The first: part\n```\n# not a heading\n```\n".to_owned()),
            ("README.md".to_owned(), String::new()),
        ]);
        broken("docs/a.md", target, &texts, |path| texts.contains_key(path.as_str()))
    }

    #[test]
    fn right_links() {
        for target in ["../README.md", "a.md", "./a.md#the-first-part", "#the-first-part", "https://example.com/x"] {
            assert_eq!(result(target), None, "{target}");
        }
    }

    #[test]
    fn broken_links() {
        for target in ["README.md", "../../outside.md", "a.md#second", "#not-a-heading"] {
            let found = result(target);
            assert!(found.is_some() || normal(Utf8Path::new("docs").join(target).as_path()).is_none(), "{target}");
        }
    }

    #[test]
    fn links_of_a_text() {
        let text = "see [a](a.md) and [b](b.md \"title\")\n```\n[c](c.md)\n```\n[d](d.md)";
        assert_eq!(links(text), [(1, "a.md".to_owned()), (1, "b.md".to_owned()), (5, "d.md".to_owned())]);
    }
}
