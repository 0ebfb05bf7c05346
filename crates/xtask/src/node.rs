//! Builds `kedge-node` for instances: one static file for each architecture, which runs on every image.

use std::process::Command;

use anyhow::{Result, bail};
use camino::Utf8PathBuf;

use crate::workspace::Workspace;

/// What cargo calls the architectures, and what Kubernetes does.
const ARCHITECTURES: [(&str, &str); 2] = [("x86_64", "amd64"), ("aarch64", "arm64")];

/// Builds for a target of rustc, or for this machine, and says where the file is.
pub(crate) fn run(workspace: &Workspace, target: Option<&str>) -> Result<bool> {
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    // For this machine without a target of its own: what is built for kedge is there already.
    let apart = target;
    let target = target.unwrap_or(&host);
    let Some((_, arch)) = ARCHITECTURES.iter().find(|(prefix, _)| target.starts_with(&format!("{prefix}-"))) else {
        bail!("{target} is no target that instances have: name one that begins with x86_64- or aarch64-");
    };
    if !target.contains("-linux-") {
        bail!("{target} is not Linux: name {host}, or one with musl");
    }
    let status = Command::new("cargo")
        .args(["rustc", "--release", "--package", "kedge-node", "--bin", "kedge-node"])
        .args(apart.iter().flat_map(|target| ["--target", target]))
        .args(["--", "-C", "target-feature=+crt-static"])
        .current_dir(&workspace.root)
        .status()?;
    if !status.success() {
        println!("node: cargo failed; `rustup target add {target}` and a linker for it may be missing");
        return Ok(false);
    }
    let made = workspace.target.join(apart.unwrap_or_default()).join("release/kedge-node");
    let place: Utf8PathBuf = workspace.target.join("node").join(format!("kedge-node-{arch}"));
    fs_err::create_dir_all(workspace.target.join("node"))?;
    fs_err::copy(&made, &place)?;
    println!("node: {place}");
    Ok(true)
}
