//! Chores of the repository: `cargo xtask tidy`, `cargo xtask generate [--check]` and `cargo xtask node [--target …]`.
//!
//! Tidy checks what neither the compiler nor clippy does; generate writes the checked-in files that follow from others.
//! This crate does not link kedge: what it needs from kedge it asks the binary for, so that it builds in seconds.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the developer who runs it")]

mod generate;
mod node;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask tidy                the rules of the repository
       cargo xtask generate [--check]  write, or only compare, the generated files
                                       (from target/debug/kedge, or the binary that KEDGE_BIN names)
       cargo xtask node [--target T]   kedge-node for instances, static, as target/node/kedge-node-<arch>";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy::run(&Workspace::load()?),
        ["generate"] => generate::run(&Workspace::load()?, generate::Mode::Write),
        ["generate", "--check"] => generate::run(&Workspace::load()?, generate::Mode::Check),
        ["node"] => node::run(&Workspace::load()?, None),
        ["node", "--target", target] => node::run(&Workspace::load()?, Some(target)),
        _ => {
            eprintln!("{USAGE}");
            Ok(false)
        }
    }
}
