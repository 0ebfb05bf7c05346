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
        ErrorKind::InvalidSubcommand => match verb(&word) {
            Some(tip) => tip.to_owned(),
            None => return,
        },
        _ => return,
    };
    // What clap finds similar by its letters does something else.
    error.remove(ContextKind::SuggestedSubcommand);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
}

/// What a command of kops, Terraform or kubectl is here.
fn verb(word: &str) -> Option<&'static str> {
    Some(match word {
        "create" | "new" => "'kedge init' writes a manifest, and 'kedge apply -f cluster.yaml' makes the cluster",
        "update" | "up" | "replace" | "upgrade" | "reconcile" => {
            "'kedge plan' shows what the manifests change, and 'kedge apply' changes it"
        }
        "edit" => "edit the manifest, which 'kedge get -o yaml' prints, and 'kedge apply -f' it",
        "destroy" | "remove" | "rm" => "'kedge delete cluster' deletes a cluster with everything that it owns",
        "rolling-update" | "rollout" | "roll" => {
            "kedge does not replace running instances: 'kedge plan' says which groups are to be rolled, and docs/guide/upgrade.md how"
        }
        "list" | "ls" | "show" | "describe" => {
            "'kedge get' shows what the account holds, and 'kedge op log' what was done"
        }
        "toolbox" => "'kedge get manifests --from-kops' and 'kedge snapshot' are the nearest",
        "state" | "import" => {
            "there is no state to keep in step: kedge looks at the account each time; 'kedge store check' is about the store"
        }
        "preview" => "'kedge plan' shows what would change",
        _ => return None,
    })
}

fn is_path(word: &str) -> bool {
    word.contains('/') || [".yaml", ".yml", ".json"].iter().any(|ending| word.ends_with(ending))
}
