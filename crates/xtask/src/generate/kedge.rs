//! The kedge binary as a source of texts.

use std::process::Command;

use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;

use crate::workspace::Workspace;

/// A built binary.
pub(super) struct Kedge(Utf8PathBuf);

impl Kedge {
    /// The binary that `KEDGE_BIN` names, or else the one that the tests have built.
    ///
    /// It is not built here: with this crate's selection of packages cargo would compile the AWS SDK a second time.
    pub(super) fn find(workspace: &Workspace) -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "the one variable that a chore reads")]
        let named = std::env::var("KEDGE_BIN").ok().map(Utf8PathBuf::from);
        let path = named.unwrap_or_else(|| workspace.target.join("debug/kedge"));
        if !path.is_file() {
            bail!("there is no {path}: run `cargo build --workspace` first, or set KEDGE_BIN");
        }
        Ok(Self(path))
    }

    /// What it prints.
    pub(super) fn print(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.0);
        let answer = command.args(arguments).output().with_context(|| format!("cannot run {}", self.0))?;
        if !answer.status.success() {
            bail!("{command:?} failed: {}", String::from_utf8_lossy(&answer.stderr).trim());
        }
        String::from_utf8(answer.stdout).with_context(|| format!("{command:?} printed something that is not text"))
    }
}
