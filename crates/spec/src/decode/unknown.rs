//! What was probably meant by a field that does not exist.

use crate::field::{Block, Shape};
use crate::v1alpha2::renamed::older_name;

/// A hint for an unknown field of `block`, in a manifest whose table is `root`.
pub(super) fn hint(key: &str, block: &'static Block, root: &'static Block) -> Option<String> {
    if let Some(field) = block.fields.iter().find(|field| field.name.eq_ignore_ascii_case(key)) {
        return Some(format!("upper and lower case count: `{}`", field.name));
    }
    if let Some((old, inverted)) = older_name(key) {
        let inverted = if inverted { ", with the opposite value" } else { "" };
        let path = if block.field(old).is_some() { Some(old.to_owned()) } else { elsewhere(old, root) };
        if let Some(path) = path {
            return Some(format!("newer versions of the kops API say `{key}`; in `v1alpha2` it is `{path}`{inverted}"));
        }
    }
    // A near name in the same block is likelier than the same name elsewhere only if it is very near.
    let near = nearest(key, block.fields.iter().map(|field| field.name));
    match (near, elsewhere(key, root)) {
        (Some((name, distance)), other) if distance <= 2 || other.is_none() => Some(format!("did you mean `{name}`?")),
        (_, Some(path)) => {
            Some(format!("there is `{path}`: was it put in the wrong place, or is the indentation off?"))
        }
        (None, None) => longer(key, block),
        (Some((name, _)), None) => Some(format!("did you mean `{name}`?")),
    }
}

/// Fields that begin with the key: `v1alpha2` has some blocks of newer versions as single fields.
fn longer(key: &str, block: &'static Block) -> Option<String> {
    let names: Vec<String> = block
        .fields
        .iter()
        .filter(|field| key.len() > 3 && field.name.starts_with(key))
        .map(|field| format!("`{}`", field.name))
        .collect();
    (!names.is_empty()).then(|| format!("there are the single fields {}", names.join(", ")))
}

/// A hint for a word that is none of a few: the near one, or all of them.
pub(crate) fn word_hint(word: &str, words: &[&'static str]) -> String {
    match nearest(word, words.iter().copied()) {
        Some((name, _)) => format!("did you mean `{name}`?"),
        None => {
            let names: Vec<String> = words.iter().map(|name| format!("`{name}`")).collect();
            format!("use one of {}", names.join(", "))
        }
    }
}

/// The nearest of some names, and how many letters are different; none if all are far.
pub(crate) fn nearest<'a>(key: &str, names: impl IntoIterator<Item = &'a str>) -> Option<(&'a str, usize)> {
    let lower = key.to_ascii_lowercase();
    let most = (key.chars().count() / 3).clamp(1, 4);
    names
        .into_iter()
        .filter(|name| name.len().abs_diff(key.len()) <= most)
        .map(|name| (name, strsim::damerau_levenshtein(&lower, &name.to_ascii_lowercase())))
        .filter(|(_, distance)| *distance <= most)
        .min_by_key(|(_, distance)| *distance)
}

/// Path of a field of this name anywhere in the manifest, the shortest one.
fn elsewhere(name: &str, root: &'static Block) -> Option<String> {
    // Breadth first; the tables hold no cycle, and a path below one that was seen is longer.
    let mut level: Vec<(String, &'static Block)> = vec![(String::new(), root)];
    while !level.is_empty() {
        let mut next = Vec::new();
        for (path, block) in level {
            for field in block.fields {
                let path = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
                if field.name == name {
                    return Some(path);
                }
                match field.shape {
                    Shape::Object(inner) => next.push((path, inner)),
                    Shape::List(Shape::Object(inner)) => next.push((format!("{path}[]"), inner)),
                    _ => {}
                }
            }
        }
        level = next;
    }
    None
}
