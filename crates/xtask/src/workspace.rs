//! What the checks look at: the packages cargo knows, and the files of the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

/// The repository as the checks see it.
pub(crate) struct Workspace {
    pub(crate) root: Utf8PathBuf,
    pub(crate) target: Utf8PathBuf,
    pub(crate) packages: Packages,
    /// Paths from the root with `/`, sorted.
    pub(crate) files: Vec<String>,
}

/// The packages of the build, the workspace's own and all others.
#[derive(Default)]
pub(crate) struct Packages {
    /// Package id to package.
    pub(crate) all: BTreeMap<String, Package>,
    /// Ids of the workspace's own.
    pub(crate) members: BTreeSet<String>,
}

/// One package and what it links.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Ids of its normal dependencies: not those of build scripts and tests.
    pub(crate) dependencies: BTreeSet<String>,
}

impl Packages {
    /// Reads the answer of `cargo metadata`.
    pub(crate) fn from_metadata(metadata: &Value) -> Result<Self> {
        let mut names = BTreeMap::new();
        for package in list(metadata, "packages")? {
            names.insert(text(package, "id")?, text(package, "name")?);
        }
        let mut all = BTreeMap::new();
        let graph = metadata.get("resolve").ok_or_else(|| anyhow!("cargo metadata without `resolve`"))?;
        for node in list(graph, "nodes")? {
            let id = text(node, "id")?;
            let mut dependencies = BTreeSet::new();
            for dependency in list(node, "deps")? {
                // A normal dependency has the kind null.
                let normal = list(dependency, "dep_kinds")?.iter().any(|kind| kind.get("kind") == Some(&Value::Null));
                if normal {
                    dependencies.insert(text(dependency, "pkg")?);
                }
            }
            let name = names.get(&id).cloned().ok_or_else(|| anyhow!("cargo metadata names no package {id}"))?;
            all.insert(id, Package { name, dependencies });
        }
        let members = list(metadata, "workspace_members")?;
        let members = members.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Self { all, members })
    }

    /// The workspace's own packages, by name.
    pub(crate) fn own(&self) -> BTreeMap<&str, &Package> {
        let own = self.members.iter().filter_map(|id| self.all.get(id));
        own.map(|package| (package.name.as_str(), package)).collect()
    }

    /// Names of what a package links itself.
    pub(crate) fn direct(&self, package: &Package) -> BTreeSet<&str> {
        package.dependencies.iter().filter_map(|id| self.all.get(id)).map(|found| found.name.as_str()).collect()
    }

    /// Names of what a package links, directly or not, each with one path that leads there.
    pub(crate) fn transitive(&self, package: &Package) -> BTreeMap<&str, String> {
        let mut found = BTreeMap::new();
        let mut pending: Vec<(&str, String)> =
            package.dependencies.iter().map(|id| (id.as_str(), package.name.clone())).collect();
        while let Some((id, path)) = pending.pop() {
            let Some(dependency) = self.all.get(id) else { continue };
            let path = format!("{path} → {}", dependency.name);
            if found.insert(dependency.name.as_str(), path.clone()).is_none() {
                pending.extend(dependency.dependencies.iter().map(|id| (id.as_str(), path.clone())));
            }
        }
        found
    }
}

impl Workspace {
    /// Asks cargo and git about the repository around the current folder.
    pub(crate) fn load() -> Result<Self> {
        let cargo = option_env!("CARGO").unwrap_or("cargo");
        let metadata = output(Command::new(cargo).args(["metadata", "--format-version=1", "--locked"]))?;
        let metadata: Value = serde_json::from_str(&metadata).context("cannot read the answer of cargo metadata")?;
        let root = Utf8PathBuf::from(text(&metadata, "workspace_root")?);
        let target = Utf8PathBuf::from(text(&metadata, "target_directory")?);
        let packages = Packages::from_metadata(&metadata)?;
        // Also what is new and not ignored, so that a check speaks up before the commit.
        let listed = output(Command::new("git").current_dir(&root).args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ]))?;
        let mut files: Vec<String> = listed
            .split('\0')
            .filter(|path| !path.is_empty() && root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Ok(Self { root, target, packages, files })
    }

    /// The text of a file; none for files that are not text.
    pub(crate) fn read(&self, path: &str) -> Result<Option<String>> {
        Ok(String::from_utf8(fs_err::read(self.root.join(path))?).ok())
    }

    /// The files with a given ending.
    pub(crate) fn files_ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.iter().map(String::as_str).filter(move |path| path.ends_with(ending))
    }

    /// The folders of the crates: `crates/…`.
    pub(crate) fn crates(&self) -> Vec<&str> {
        let manifests = self.files_ending("/Cargo.toml").filter(|path| path.starts_with("crates/"));
        manifests.filter_map(|path| path.strip_suffix("/Cargo.toml")).collect()
    }

    /// Whether there is a file or folder of that path in the repository.
    pub(crate) fn has(&self, path: &Utf8Path) -> bool {
        let path = path.as_str().trim_end_matches('/');
        path.is_empty()
            || self
                .files
                .iter()
                .any(|file| file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }
}

fn output(command: &mut Command) -> Result<String> {
    let answer = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !answer.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&answer.stderr).trim());
    }
    String::from_utf8(answer.stdout).with_context(|| format!("{command:?} answered with something that is not text"))
}

fn text(value: &Value, key: &str) -> Result<String> {
    let found = value.get(key).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| anyhow!("cargo metadata without `{key}`"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value.get(key).and_then(Value::as_array).ok_or_else(|| anyhow!("cargo metadata without `{key}`"))
}
