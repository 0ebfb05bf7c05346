//! Add-ons that users bring: `spec.addons[].manifest` of kops, which names files of objects, or of lists of such files.

use std::collections::{BTreeMap, BTreeSet};

use kedge_spec::{ResolvedSpec, text};
use serde_json::Value;

use crate::addon::{Addon, FORMAT_VERSION, Wave, sha256};
use crate::context::Context;
use crate::problem::Problem;
use crate::render::{self, check};

/// Names of the files that a specification asks for and that are not among those that are there. As files may name further
/// files, whoever fetches them asks again until nothing is missing.
#[must_use]
pub fn missing_files(spec: &ResolvedSpec, files: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    for manifest in spec.cluster.settings.blocks("addons").iter().filter_map(|addon| addon.text("manifest")) {
        wanted.insert(manifest.to_owned());
        let documents = files.get(manifest).map(|file| text::read_all(file).unwrap_or_default());
        for entry in documents.iter().flatten().filter(|document| is_list(document)).flat_map(entries) {
            wanted.extend(entry.manifest.map(|path| beside(manifest, path)));
        }
    }
    wanted.into_iter().filter(|name| !files.contains_key(name)).collect()
}

/// The add-ons of the user.
pub(super) fn make(context: &Context<'_>, problems: &mut Vec<Problem>) -> Vec<Addon> {
    let mut found: Vec<Addon> = Vec::new();
    let blocks = context.spec.cluster.settings.blocks("addons");
    for manifest in blocks.iter().filter_map(|addon| addon.text("manifest")) {
        let Some(documents) = read(context, manifest, problems) else { continue };
        let (lists, objects): (Vec<Value>, Vec<Value>) = documents.into_iter().partition(is_list);
        if !objects.is_empty() {
            let name = stem(manifest);
            found.push(addon(&name, None, manifest, objects, problems));
        }
        for entry in lists.iter().flat_map(entries) {
            if !entry.fits(context.minor) {
                continue;
            }
            let (Some(name), Some(path)) = (entry.name, entry.manifest) else {
                problems.push(problem(manifest, "an entry has no `name` or no `manifest`"));
                continue;
            };
            let path = beside(manifest, path);
            if let Some(objects) = read(context, &path, problems) {
                found.push(addon(name, entry.version, &path, objects, problems));
            }
        }
    }
    let mut names = BTreeSet::new();
    for addon in &found {
        let taken = crate::releases::RELEASES.iter().any(|release| release.addon == addon.name);
        if taken || ["kube-proxy", "storage-classes"].contains(&addon.name.as_str()) || !names.insert(&addon.name) {
            problems.push(problem(&addon.name, "another add-on has this name"));
        }
    }
    found
}

fn problem(manifest: &str, why: &str) -> Problem {
    Problem::new("spec.addons", format!("`{manifest}`: {why}"), "mend the file, or remove it from the list")
}

/// The documents of a file.
fn read(context: &Context<'_>, name: &str, problems: &mut Vec<Problem>) -> Option<Vec<Value>> {
    let Some(file) = context.surroundings.files.get(name) else {
        problems.push(problem(name, "the file is not there"));
        return None;
    };
    render::read(file).map_err(|why| problems.push(problem(name, &why))).ok()
}

fn addon(name: &str, version: Option<&str>, file: &str, objects: Vec<Value>, problems: &mut Vec<Problem>) -> Addon {
    for object in &objects {
        if let Err(why) = check(object) {
            problems.push(problem(file, why));
        }
        if object.get("kind").and_then(Value::as_str) == Some("Secret") {
            problems.push(problem(file, "a secret would stand in the store in the clear; make it with kubectl"));
        }
    }
    let valid = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '.';
    if name.is_empty()
        || name.len() > 63
        || !name.chars().all(valid)
        || !name.starts_with(|first: char| first.is_ascii_alphanumeric())
        || !name.ends_with(|last: char| last.is_ascii_alphanumeric())
    {
        problems.push(problem(
            file,
            "its name is no name of an add-on: small letters, digits, dots and dashes, 63 at the most",
        ));
    }
    let digest = sha256(text::write(&objects).as_bytes());
    Addon {
        format_version: FORMAT_VERSION,
        name: name.to_owned(),
        version: version.map_or_else(|| digest.chars().take(12).collect(), str::to_owned),
        wave: Wave::User,
        kubernetes: None,
        namespace: None,
        upstream: Vec::new(),
        patches: Vec::new(),
        objects,
        registry: None,
        certificates: Vec::new(),
    }
}

/// Whether a document is a list of add-ons.
fn is_list(document: &Value) -> bool {
    document.get("kind").and_then(Value::as_str) == Some("Addons")
}

/// One add-on of a list.
struct Entry<'a> {
    name: Option<&'a str>,
    version: Option<&'a str>,
    manifest: Option<&'a str>,
    kubernetes: Option<&'a str>,
}

/// The add-ons of a list.
fn entries(document: &Value) -> Vec<Entry<'_>> {
    let items = document.pointer("/spec/addons").and_then(Value::as_array).into_iter().flatten();
    let entry = |item| {
        let text = |field: &str| Value::get(item, field).and_then(Value::as_str).filter(|text| !text.is_empty());
        Entry {
            name: text("name"),
            version: text("version"),
            manifest: text("manifest"),
            kubernetes: text("kubernetesVersion"),
        }
    };
    items.map(entry).collect()
}

impl Entry<'_> {
    /// Whether it is for a minor version of Kubernetes: a range such as `>=1.30.0 <1.34.0`.
    fn fits(&self, minor: u32) -> bool {
        let Some(range) = self.kubernetes else { return true };
        range.split_whitespace().all(|part| {
            let digits = part.find(|letter: char| letter.is_ascii_digit()).unwrap_or(part.len());
            let (sign, version) = part.split_at(digits);
            let Some(bound) = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok()) else {
                return false;
            };
            match sign {
                ">=" => minor >= bound,
                ">" => minor > bound,
                "<=" => minor <= bound,
                "<" => minor < bound,
                "" | "=" | "==" => minor == bound,
                _ => false,
            }
        })
    }
}

/// A path as seen from the file that names it.
fn beside(file: &str, path: &str) -> String {
    if path.contains("://") || path.starts_with('/') {
        return path.to_owned();
    }
    let path = path.strip_prefix("./").unwrap_or(path);
    file.rsplit_once('/').map_or_else(|| path.to_owned(), |(folder, _)| format!("{folder}/{path}"))
}

/// What a file is called, without its folder and its ending.
fn stem(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    let name = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name);
    name.to_ascii_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_file_that_names_them() {
        assert_eq!(beside("s3://b/a/list.yaml", "x/y.yaml"), "s3://b/a/x/y.yaml");
        assert_eq!(beside("list.yaml", "./y.yaml"), "y.yaml");
        assert_eq!(beside("a/list.yaml", "https://h/y.yaml"), "https://h/y.yaml");
        assert_eq!(stem("s3://b/My_Things.yaml"), "my-things");
    }

    #[test]
    fn ranges_of_versions() {
        let fits = |range| Entry { name: None, version: None, manifest: None, kubernetes: Some(range) }.fits(33);
        assert!(fits(">=1.30.0 <1.34.0") && fits("1.33.1") && fits(">1.32.0"));
        assert!(!fits(">=1.34.0") && !fits("<1.33.0") && !fits("~1.33"));
    }
}
