//! What somebody probably meant who used kedge in a way that it is not used in.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Adds a tip to an error of the command line, where there is one to give and clap has none.
pub(crate) fn explain(error: &mut clap::Error) {
    let word = match error.get(ContextKind::InvalidArg).or_else(|| error.get(ContextKind::InvalidSubcommand)) {
        Some(ContextValue::String(word)) => word.clone(),
        _ => return,
    };
    let tip = match error.kind() {
        ErrorKind::UnknownArgument if word.starts_with('-') => return,
        ErrorKind::UnknownArgument if is_path(&word) => format!("manifests are named with '-f {word}'"),
        ErrorKind::UnknownArgument => format!("a cluster is named with '--name {word}'"),
        ErrorKind::InvalidSubcommand if word == "help" => "help is an option: 'kedge plan --help'".to_owned(),
        ErrorKind::InvalidSubcommand if word == "version" => "the version is an option: 'kedge --version'".to_owned(),
        _ => return,
    };
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
}

fn is_path(word: &str) -> bool {
    word.contains('/') || [".yaml", ".yml", ".json"].iter().any(|ending| word.ends_with(ending))
}
