//! Words that must not reach the repository: promises of later work, and paths of one machine.

use anyhow::Result;

use super::Finding;
use crate::workspace::Workspace;

/// The words, in pieces so that this file passes its own check, each with what to do instead.
const WORDS: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "do it, or write an issue"),
    (concat!("FIX", "ME"), "fix it, or write an issue"),
    (concat!("to", "do!"), "write the code"),
    (concat!("unimplem", "ented!"), "write the code"),
    (concat!("for ", "now"), "say what holds, and until when"),
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("/tm", "p/"), "use a temporary folder of its own"),
    (concat!("moto_", "fixed"), "the project's own server is tests/moto/server.py"),
];

/// Files that may hold any word: others wrote them.
const FOREIGN: &[&str] = &["Cargo.lock", "LICENSE"];

/// Words that a file may hold, with the reason.
const MEANT: &[(&str, &str, &str)] = &[
    ("crates/addons/src/software/cilium.rs", concat!("/tm", "p/"), "where an image of Cilium puts its options"),
    ("crates/cli/src/args.rs", concat!("/tm", "p/"), "a sample argument"),
    ("crates/cli/src/env.rs", concat!("/tm", "p/"), "a sample value"),
];

/// Looks at every text file.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for path in &workspace.files {
        if FOREIGN.contains(&path.as_str()) {
            continue;
        }
        let Some(text) = workspace.read(path)? else { continue };
        found.extend(findings(path, &text));
    }
    Ok(found)
}

fn findings(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (word, instead) in WORDS {
            let meant = MEANT.iter().any(|(file, meant, _)| *file == path && meant == word);
            if !meant && stands_alone(line, word) {
                found.push(Finding::error(format!("{path}:{}", index + 1), format!("`{word}`: {instead}")));
            }
        }
    }
    found
}

/// Whether the word is there and not a part of a longer one, as it may be in a key or a digest.
fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let (before, rest) = line.split_at(at);
        let after = rest.get(word.len()..).unwrap_or_default();
        let starts = !word.starts_with(char::is_alphanumeric) || !before.ends_with(char::is_alphanumeric);
        let ends = !word.ends_with(char::is_alphanumeric) || !after.starts_with(char::is_alphanumeric);
        starts && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found() {
        for (word, _) in WORDS {
            assert_eq!(findings("a.rs", &format!("fine\n// {word} x"))[0].at, "a.rs:2", "{word}");
        }
    }

    #[test]
    fn parts_of_words_are_not() {
        let inside = format!("key {}{}s", "mas", concat!("TO", "DO"));
        assert_eq!(findings("a.rs", &inside), []);
    }
}
