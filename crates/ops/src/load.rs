//! Reading what the command line names: manifests, facts, keys.

use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use kedge_diag::Source;
use kedge_resource::Facts;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// How files of manifests end.
const MANIFESTS: [&str; 2] = ["yaml", "yml"];

/// Where manifests come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, or a directory whose `.yaml` and `.yml` files are read in the order of their names. A directory without any
    /// stands for the directories in it.
    Path(Utf8PathBuf),
    /// Standard input.
    Stdin,
}

impl Input {
    /// `-` is standard input, everything else a path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text == "-" { Self::Stdin } else { Self::Path(Utf8PathBuf::from(text)) }
    }
}

/// Why something could not be read.
#[derive(Debug, Error)]
pub enum LoadError {
    /// There is nothing of this name.
    #[error("{path} does not exist")]
    Missing {
        /// The path.
        path: Utf8PathBuf,
        /// A file beside it whose name is similar.
        similar: Option<Utf8PathBuf>,
    },
    /// It could not be read.
    #[error("read {path}")]
    Read {
        /// The path.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Standard input could not be read.
    #[error("read standard input")]
    Stdin(#[source] io::Error),
    /// Standard input was named twice; it can be read once.
    #[error("standard input is named more than once")]
    StdinTwice,
    /// The directory has no manifest.
    #[error("{path} has no file that ends in .yaml or .yml")]
    NoManifests {
        /// The directory.
        path: Utf8PathBuf,
    },
    /// The directory has no policy.
    #[error("{path} has no policy: no file that ends in .rego, or tests only")]
    NoPolicies {
        /// The directory.
        path: Utf8PathBuf,
    },
    /// The text is empty.
    #[error("{name} is empty")]
    Empty {
        /// Path, or `<stdin>`.
        name: String,
    },
    /// The facts are no facts document.
    #[error("{path} is not a facts document")]
    Facts {
        /// The path.
        path: Utf8PathBuf,
        /// What is wrong, with line and column.
        #[source]
        source: serde_json::Error,
    },
    /// The file is not the JSON document that it should be.
    #[error("{path} is not {what}")]
    Json {
        /// The path.
        path: Utf8PathBuf,
        /// What it should be.
        what: &'static str,
        /// What is wrong, with line and column.
        #[source]
        source: serde_json::Error,
    },
    /// The file holds no SSH public key.
    #[error("{path} is not an SSH public key: {why}")]
    SshKey {
        /// The path.
        path: Utf8PathBuf,
        /// What is wrong.
        why: &'static str,
    },
}

/// Reads every input once, in the order given. `stdin` is called where an input is standard input.
///
/// # Errors
/// Something is missing, cannot be read or is empty.
pub fn sources(inputs: &[Input], stdin: impl FnOnce() -> io::Result<String>) -> Result<Vec<Arc<Source>>, LoadError> {
    let mut stdin = Some(stdin);
    let mut sources = Vec::new();
    for input in inputs {
        match input {
            Input::Stdin => {
                let read = stdin.take().ok_or(LoadError::StdinTwice)?;
                sources.push(source("<stdin>".to_owned(), read().map_err(LoadError::Stdin)?)?);
            }
            Input::Path(path) if path.is_dir() => {
                for file in manifests_in(path)? {
                    sources.push(source(file.to_string(), text(&file)?)?);
                }
            }
            Input::Path(path) => sources.push(source(path.to_string(), text(path)?)?),
        }
    }
    Ok(sources)
}

/// The manifests at a path with their names within it: a file, under an empty name, or those of a directory.
///
/// # Errors
/// The path is missing, a file cannot be read, or one is empty.
pub(crate) fn files(path: &Utf8Path) -> Result<Vec<(String, Arc<Source>)>, LoadError> {
    let files = with_extensions(path, &MANIFESTS)?;
    if files.is_empty() {
        return Err(LoadError::NoManifests { path: path.to_owned() });
    }
    Ok(files)
}

/// The file at a path, under an empty name, or the files of a directory that end in one of `extensions`, under their names.
pub(crate) fn with_extensions(path: &Utf8Path, extensions: &[&str]) -> Result<Vec<(String, Arc<Source>)>, LoadError> {
    let read = |name: String, path: &Utf8Path| Ok((name, source(path.to_string(), text(path)?)?));
    if path.is_dir() {
        let named = |file: Utf8PathBuf| read(file.strip_prefix(path).unwrap_or(&file).to_string(), &file);
        return files_below(path, extensions)?.into_iter().map(named).collect();
    }
    Ok(vec![read(String::new(), path)?])
}

/// Reads a facts document.
///
/// # Errors
/// The file is missing or is no facts document.
pub fn facts(path: &Utf8Path) -> Result<Facts, LoadError> {
    serde_json::from_str(&text(path)?).map_err(|source| LoadError::Facts { path: path.to_owned(), source })
}

/// Reads a JSON document of kedge. `what` says what it should be, for messages.
///
/// # Errors
/// The file is missing or holds something else.
pub fn json<T: DeserializeOwned>(path: &Utf8Path, what: &'static str) -> Result<T, LoadError> {
    serde_json::from_str(&text(path)?).map_err(|source| LoadError::Json { path: path.to_owned(), what, source })
}

/// Reads an SSH public key in OpenSSH form.
///
/// # Errors
/// The file is missing or holds something else.
pub fn ssh_public_key(path: &Utf8Path) -> Result<String, LoadError> {
    let text = text(path)?;
    let bad = |why| LoadError::SshKey { path: path.to_owned(), why };
    if text.contains("PRIVATE KEY") {
        return Err(bad("it is a private key, which kedge must not see; the public one ends in .pub"));
    }
    let key = text.trim();
    let mut words = key.split_whitespace();
    let algorithm = words.next().unwrap_or_default();
    if !(algorithm.starts_with("ssh-") || algorithm.starts_with("ecdsa-") || algorithm.starts_with("sk-")) {
        return Err(bad("it does not begin with an algorithm such as ssh-ed25519 or ssh-rsa"));
    }
    if words.next().is_none() {
        return Err(bad("nothing follows the algorithm"));
    }
    if key.lines().count() > 1 {
        return Err(bad("it has more than one line"));
    }
    Ok(key.to_owned())
}

fn source(name: String, text: String) -> Result<Arc<Source>, LoadError> {
    if text.trim().is_empty() {
        return Err(LoadError::Empty { name });
    }
    Ok(Arc::new(Source { name, text }))
}

/// Reads a text.
///
/// # Errors
/// The file is missing or cannot be read.
pub fn text(path: &Utf8Path) -> Result<String, LoadError> {
    // fs_err would put the path into its message a second time.
    fs_err::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => LoadError::Missing { path: path.to_owned(), similar: similar(path) },
        kind => LoadError::Read { path: path.to_owned(), source: bare(kind, &error) },
    })
}

fn bare(kind: io::ErrorKind, error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None if kind == io::ErrorKind::InvalidData => io::Error::new(kind, "it is not UTF-8 text"),
        None => io::Error::from(kind),
    }
}

/// The manifests in a directory; of one that holds none itself, those in the directories below it.
fn manifests_in(directory: &Utf8Path) -> Result<Vec<Utf8PathBuf>, LoadError> {
    let files = files_below(directory, &MANIFESTS)?;
    if files.is_empty() {
        return Err(LoadError::NoManifests { path: directory.to_owned() });
    }
    Ok(files)
}

/// The files of a directory that end in one of `extensions`; of one that holds none itself, those in the directories below it.
fn files_below(directory: &Utf8Path, extensions: &[&str]) -> Result<Vec<Utf8PathBuf>, LoadError> {
    let failed = |error: io::Error| LoadError::Read { path: directory.to_owned(), source: bare(error.kind(), &error) };
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for entry in directory.read_dir_utf8().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A link to a directory above would be followed for ever.
        let is_directory = entry.file_type().map_err(failed)?.is_dir() && !entry.file_name().starts_with('.');
        let path = entry.into_path();
        if is_directory {
            directories.push(path);
        } else if path.extension().is_some_and(|extension| extensions.contains(&extension)) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        directories.sort();
        for below in directories {
            files.extend(files_below(&below, extensions)?);
        }
    }
    Ok(files)
}

/// A file beside a missing one that has the same stem, or the same name but for capitals.
fn similar(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_str().is_empty() => parent,
        _ => Utf8Path::new("."),
    };
    let stem = path.file_stem()?.to_lowercase();
    let mut found: Vec<Utf8PathBuf> = directory
        .read_dir_utf8()
        .ok()?
        .filter_map(Result::ok)
        .filter(|entry| entry.path().file_stem().is_some_and(|other| other.to_lowercase() == stem))
        .map(camino::Utf8DirEntry::into_path)
        .collect();
    found.sort();
    let first = found.into_iter().next()?;
    Some(first.strip_prefix(".").map(Utf8Path::to_owned).unwrap_or(first))
}

#[cfg(test)]
mod tests;
