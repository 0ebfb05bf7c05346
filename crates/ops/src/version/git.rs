//! Reading files of git revisions, through the `git` command: repositories come in more forms than a library of ours would
//! know (worktrees, partial clones, alternates), and whoever has revisions has git.

use std::io::{self, Write as _};
use std::process::{Command, Output, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use thiserror::Error;

/// Why git did not give something.
#[derive(Debug, Error)]
pub enum GitError {
    /// The command could not be run.
    #[error("git cannot be run")]
    NoGit(#[source] io::Error),
    /// There is no repository here.
    #[error("this directory is not in a git repository")]
    NoRepository,
    /// The repository does not have the revision.
    #[error("the git repository has no revision {revision}")]
    UnknownRevision {
        /// The revision.
        revision: String,
        /// Whether the repository has only a part of its history.
        shallow: bool,
    },
    /// The history has no commit that two revisions come from.
    #[error("{old} and {new} have no commit in common")]
    NothingInCommon {
        /// A revision.
        old: String,
        /// Another one.
        new: String,
    },
    /// A file is no text.
    #[error("{name} is not UTF-8 text")]
    NoText {
        /// Revision and path.
        name: String,
    },
    /// Something else.
    #[error("git {command} failed: {why}")]
    Failed {
        /// The command.
        command: String,
        /// What git said.
        why: String,
    },
}

/// The repository of the current directory.
pub(super) struct Repository {
    top: Utf8PathBuf,
}

impl Repository {
    /// Finds it.
    pub(super) fn find() -> Result<Self, GitError> {
        let output = run(&["rev-parse", "--show-toplevel"], None)?;
        if !output.status.success() {
            let why = said(&output);
            return Err(match why.contains("not a git repository") {
                true => GitError::NoRepository,
                false => GitError::Failed { command: "rev-parse".to_owned(), why },
            });
        }
        Ok(Self { top: String::from_utf8_lossy(&output.stdout).trim_end().into() })
    }

    /// The commit that a revision means.
    pub(super) fn commit(&self, revision: &str) -> Result<String, GitError> {
        let wanted = format!("{revision}^{{commit}}");
        let output = run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], None)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        let shallow = run(&["rev-parse", "--is-shallow-repository"], None)?;
        let shallow = String::from_utf8_lossy(&shallow.stdout).trim() == "true";
        Err(GitError::UnknownRevision { revision: revision.to_owned(), shallow })
    }

    /// The commit at which two revisions have left each other, short enough to read.
    pub(super) fn common(&self, old: &str, new: &str) -> Result<String, GitError> {
        let (old_commit, new_commit) = (self.commit(old)?, self.commit(new)?);
        let output = run(&["merge-base", &old_commit, &new_commit], None)?;
        if !output.status.success() {
            return Err(GitError::NothingInCommon { old: old.to_owned(), new: new.to_owned() });
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().chars().take(12).collect())
    }

    /// A path of the file system as git takes it behind `REVISION:`.
    pub(super) fn relative(&self, path: &Utf8Path) -> String {
        match path.strip_prefix(&self.top) {
            Ok(within) => within.to_string(),
            // Without a dot git would count from the top of the repository.
            Err(_) if path.starts_with("..") => path.to_string(),
            Err(_) => format!("./{path}"),
        }
    }

    /// The manifests at a path of a commit: the file itself, under an empty name, or the `.yaml` and `.yml` files of the
    /// directory in the order of their names. None if the commit does not have the path.
    pub(super) fn manifests(&self, commit: &str, path: &str) -> Result<Vec<(String, String)>, GitError> {
        let object = format!("{commit}:{}", path.trim_end_matches('/'));
        let found = output(&["cat-file", "--batch-check"], Some(&format!("{object}\n")))?;
        let found = String::from_utf8_lossy(&found).into_owned();
        let mut words = found.split_whitespace();
        let (id, kind) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default());
        let entries = match kind {
            "blob" => vec![(String::new(), id)],
            "tree" => tree(&id)?,
            _ => return Ok(Vec::new()),
        };
        let ids: String = entries.iter().map(|(_, id)| format!("{id}\n")).collect();
        let all = output(&["cat-file", "--batch"], Some(&ids))?;
        let mut rest = all.as_slice();
        let mut files = Vec::new();
        for (name, id) in entries {
            let broken = || GitError::Failed { command: "cat-file --batch".to_owned(), why: format!("no object {id}") };
            let (content, after) = content(rest).ok_or_else(broken)?;
            let text = String::from_utf8(content.to_vec())
                .map_err(|_| GitError::NoText { name: format!("{path}/{name}").trim_end_matches('/').to_owned() })?;
            files.push((name, text));
            rest = after;
        }
        Ok(files)
    }
}

/// Names and ids of the manifests of a tree; of one that holds none itself, those of the trees below it.
fn tree(id: &str) -> Result<Vec<(String, String)>, GitError> {
    let files = listed(&["ls-tree", "-z", id])?;
    if files.is_empty() { listed(&["ls-tree", "-r", "-z", id]) } else { Ok(files) }
}

/// The manifests that a listing has, by name.
fn listed(arguments: &[&str]) -> Result<Vec<(String, String)>, GitError> {
    let listed = output(arguments, None)?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let mut files: Vec<(String, String)> = listed
        .split_terminator('\0')
        .filter_map(|entry| {
            let (what, name) = entry.split_once('\t')?;
            let mut what = what.split(' ');
            let (mode, id) = (what.next()?, what.nth(1)?);
            let is_manifest = mode.starts_with("100") && (name.ends_with(".yaml") || name.ends_with(".yml"));
            is_manifest.then(|| (name.to_owned(), id.to_owned()))
        })
        .collect();
    files.sort();
    Ok(files)
}

/// The content of the first object of a batch, and what follows: a line `ID TYPE SIZE`, the content, a line feed.
fn content(batch: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = batch.iter().position(|byte| *byte == b'\n')?;
    let header = std::str::from_utf8(batch.get(..end)?).ok()?;
    let size: usize = header.split(' ').nth(2)?.parse().ok()?;
    let rest = batch.get(end + 1..)?;
    Some((rest.get(..size)?, rest.get(size + 1..)?))
}

/// What a command prints that has to succeed.
fn output(arguments: &[&str], input: Option<&str>) -> Result<Vec<u8>, GitError> {
    let output = run(arguments, input)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(GitError::Failed { command: arguments.join(" "), why: said(&output) })
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().trim_start_matches("fatal: ").to_owned()
}

fn run(arguments: &[&str], input: Option<&str>) -> Result<Output, GitError> {
    let mut child = Command::new("git")
        .args(arguments)
        // Messages are compared, and a command that only reads takes no locks.
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(GitError::NoGit)?;
    let stdin = child.stdin.take();
    // From another thread: git answers before it has read everything, and one of the two pipes would be full.
    std::thread::scope(|scope| {
        if let (Some(mut stdin), Some(input)) = (stdin, input) {
            scope.spawn(move || {
                // That git stops to read is told by how it ends.
                let _written = stdin.write_all(input.as_bytes());
            });
        }
        child.wait_with_output()
    })
    .map_err(GitError::NoGit)
}

#[cfg(test)]
mod tests {
    use super::content;

    #[test]
    fn objects_of_a_batch_come_one_after_the_other() {
        let batch = b"1f blob 3\na\nb\n2f blob 0\n\n3f missing\n";
        let (first, rest) = content(batch).unwrap();
        assert_eq!(first, b"a\nb");
        let (second, rest) = content(rest).unwrap();
        assert_eq!(second, b"");
        assert_eq!(content(rest), None);
        assert_eq!(content(b"1f blob 9\nshort\n"), None);
    }
}
