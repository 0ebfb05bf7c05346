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
        .envs(compiler(target, &host))
        .args(["rustc", "--release", "--package", "kedge-node", "--bin", "kedge-node"])
        .args(apart.iter().flat_map(|target| ["--target", target]))
        .args(["--", "-C", "target-feature=+crt-static"])
        .current_dir(&workspace.root)
        .status()?;
    if !status.success() {
        println!(
            "node: cargo failed; `rustup target add {target}`, or a C compiler for it (gcc-aarch64-linux-gnu or \
             gcc-x86-64-linux-gnu of Debian and Ubuntu), may be missing"
        );
        return Ok(false);
    }
    let made = workspace.target.join(apart.unwrap_or_default()).join("release/kedge-node");
    let place: Utf8PathBuf = workspace.target.join("node").join(format!("kedge-node-{arch}"));
    fs_err::create_dir_all(workspace.target.join("node"))?;
    fs_err::copy(&made, &place)?;
    println!("node: {place}");
    Ok(true)
}

/// The C compiler that compiles and links for another architecture, where it is there and nobody has named one. That of the GNU
/// library does for musl too: rustc brings what musl needs, and the C code needs no library.
#[expect(clippy::disallowed_methods, reason = "what cargo would read is left as it is")]
fn compiler(target: &str, host: &str) -> Vec<(String, String)> {
    let arch = target.split('-').next().unwrap_or_default();
    let compiler = format!("{arch}-linux-gnu-gcc");
    if host.starts_with(arch) || Command::new(&compiler).arg("--version").output().is_err() {
        return Vec::new();
    }
    let name = target.replace('-', "_");
    let variables = [format!("CC_{name}"), format!("CARGO_TARGET_{}_LINKER", name.to_uppercase())];
    let missing = variables.into_iter().filter(|variable| std::env::var_os(variable).is_none());
    missing.map(|variable| (variable, compiler.clone())).collect()
}
