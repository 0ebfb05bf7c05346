//! Versions of manifests: files, directories, or what git keeps of them.

use std::fmt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use kedge_diag::Source;
use thiserror::Error;

use crate::load::{self, LoadError};

mod git;

pub use git::GitError;
use git::Repository;

/// One version of manifests.
#[derive(Clone, Debug)]
pub struct Version {
    /// What people call it, such as `main:clusters/prod.yaml`.
    pub name: String,
    /// Its files.
    pub files: Vec<VersionFile>,
}

/// A file of a version.
#[derive(Clone, Debug)]
pub struct VersionFile {
    /// The same for the files of two versions that are the same file.
    pub place: String,
    /// The text.
    pub source: Arc<Source>,
}

/// Why a version could not be read.
#[derive(Debug, Error)]
pub enum VersionError {
    /// A file could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// git does not give it.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The word means nothing.
    #[error("{word} is neither a file or directory nor a git revision")]
    Unknown {
        /// The word.
        word: String,
    },
    /// A revision without a path.
    #[error("{revision} is a git revision, and nothing says which of its files are manifests")]
    NoPath {
        /// The revision.
        revision: String,
    },
    /// There is no second version.
    #[error("there is only {base} to compare, and nothing to compare it with")]
    NoHead {
        /// The version that there is.
        base: String,
    },
    /// Neither version has anything.
    #[error("neither {base} nor {head} has manifests")]
    Nothing {
        /// The old version.
        base: String,
        /// The new version.
        head: String,
    },
}

/// Where a version is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// In files and directories.
    Paths(Vec<Utf8PathBuf>),
    /// In files and directories as they are now; what was removed is not there.
    Now(Vec<Utf8PathBuf>),
    /// In a revision, at a path that counts from the top of the repository, as git has it.
    Object { revision: String, path: String },
    /// In a revision, at paths that count from the directory that kedge runs in.
    Revision { revision: String, paths: Vec<Utf8PathBuf> },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |paths: &[Utf8PathBuf]| paths.iter().map(|path| path.as_str()).collect::<Vec<_>>().join(" ");
        match self {
            Self::Paths(paths) | Self::Now(paths) => f.write_str(&joined(paths)),
            Self::Object { revision, path } => write!(f, "{revision}:{path}"),
            Self::Revision { revision, paths } if paths.is_empty() => f.write_str(revision),
            Self::Revision { revision, paths } => write!(f, "{revision}:{}", joined(paths)),
        }
    }
}

/// Reads two versions. A word is a file or a directory if there is one of that name, `REVISION:PATH`, or a revision, of which
/// `paths` are read. Without a second word the new version is what stands at `paths` now.
///
/// # Errors
/// A word means nothing, git fails, or there is nothing to read.
pub fn versions(base: &str, head: Option<&str>, paths: &[Utf8PathBuf]) -> Result<(Version, Version), VersionError> {
    let (mut base, mut head) = match (range(base), head) {
        (Some((old, new, common)), None) => {
            let old = if common { Repository::find()?.common(old, new)? } else { old.to_owned() };
            let revision = |revision: String| Place::Revision { revision, paths: paths.to_vec() };
            (revision(old), revision(new.to_owned()))
        }
        (_, Some(head)) => (place(base, paths), place(head, paths)),
        (None, None) if paths.is_empty() => return Err(VersionError::NoHead { base: base.to_owned() }),
        (None, None) => (place(base, paths), Place::Now(paths.to_vec())),
    };
    // `kedge diff main cluster.yaml`: the file of the one is the file of the other.
    let (of_base, of_head) = (base.clone(), head.clone());
    for (place, other) in [(&mut base, of_head), (&mut head, of_base)] {
        if let (Place::Revision { paths, .. }, Place::Paths(of_other)) = (place, other)
            && paths.is_empty()
        {
            *paths = of_other;
        }
    }
    let (base, head) = (read(&base)?, read(&head)?);
    if base.files.is_empty() && head.files.is_empty() {
        return Err(VersionError::Nothing { base: base.name, head: head.name });
    }
    Ok((base, head))
}

/// The revisions of `OLD..NEW`, and of `OLD...NEW`, which begins where the two have left each other.
fn range(word: &str) -> Option<(&str, &str, bool)> {
    let (old, new) = word.split_once("..").filter(|(old, _)| !old.is_empty() && !old.ends_with('/'))?;
    if Utf8Path::new(word).exists() {
        return None;
    }
    let (new, common) = new.strip_prefix('.').map_or((new, false), |new| (new, true));
    Some((old, if new.is_empty() { "HEAD" } else { new }, common))
}

fn place(word: &str, paths: &[Utf8PathBuf]) -> Place {
    if Utf8Path::new(word).exists() {
        return Place::Paths(vec![word.into()]);
    }
    match word.split_once(':') {
        Some((revision, path)) if !revision.is_empty() => {
            Place::Object { revision: revision.to_owned(), path: path.to_owned() }
        }
        _ => Place::Revision { revision: word.to_owned(), paths: paths.to_vec() },
    }
}

fn read(place: &Place) -> Result<Version, VersionError> {
    let name = place.to_string();
    let mut files = Vec::new();
    match place {
        Place::Paths(paths) | Place::Now(paths) => {
            for (number, path) in paths.iter().enumerate() {
                let found = match load::files(path) {
                    Err(LoadError::Missing { .. } | LoadError::NoManifests { .. })
                        if matches!(place, Place::Now(_)) =>
                    {
                        Vec::new()
                    }
                    other => other?,
                };
                let file = |(within, source)| VersionFile { place: format!("{number}/{within}"), source };
                files.extend(found.into_iter().map(file));
            }
        }
        Place::Object { revision, path } => {
            let repository = Repository::find()?;
            let commit = repository.commit(revision)?;
            git_files(&repository, &commit, revision, 0, path, path, &mut files)?;
        }
        Place::Revision { revision, paths } => {
            let looks_like_a_file = revision.contains('/') || revision.ends_with(".yaml") || revision.ends_with(".yml");
            let unknown = || VersionError::Unknown { word: revision.clone() };
            let found = Repository::find().and_then(|repository| Ok((repository.commit(revision)?, repository)));
            let (commit, repository) = match found {
                Err(GitError::NoRepository | GitError::UnknownRevision { .. }) if looks_like_a_file => {
                    return Err(unknown());
                }
                other => other?,
            };
            if paths.is_empty() {
                return Err(VersionError::NoPath { revision: revision.clone() });
            }
            for (number, path) in paths.iter().enumerate() {
                git_files(
                    &repository,
                    &commit,
                    revision,
                    number,
                    &repository.relative(path),
                    path.as_str(),
                    &mut files,
                )?;
            }
        }
    }
    Ok(Version { name, files })
}

/// Adds the files that a path of a commit has; a path that the commit does not have adds none.
fn git_files(
    repository: &Repository,
    commit: &str,
    revision: &str,
    number: usize,
    path: &str,
    shown: &str,
    files: &mut Vec<VersionFile>,
) -> Result<(), VersionError> {
    for (within, text) in repository.manifests(commit, path)? {
        let shown =
            if within.is_empty() { shown.to_owned() } else { format!("{}/{within}", shown.trim_end_matches('/')) };
        let name = format!("{revision}:{shown}");
        if text.trim().is_empty() {
            return Err(LoadError::Empty { name }.into());
        }
        files.push(VersionFile { place: format!("{number}/{within}"), source: Arc::new(Source { name, text }) });
    }
    Ok(())
}
