//! What instances boot with: objects of the state store that are planned, shown and delivered like resources.
//!
//! [`Booting`] stands around an account: what the store holds for instances joins what the account holds, and what shall
//! stand there is written before launch templates name it. `docs/design/0001-boot.md` has the objects and who reads them.

mod account;
mod deliver;
mod objects;
mod store;
#[cfg(test)]
mod tests;
mod wanted;

pub use account::Booting;
pub use store::{BootSource, Program};
pub(crate) use wanted::{Wanted, wanted};

use kedge_bootstrap::UserData;
use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Facts, Inventory, Properties};

/// What somebody should know about how instances boot.
pub(crate) fn notes(facts: &Facts, inventory: Option<&Inventory>) -> Vec<Note> {
    let note =
        |severity, code: &str, text: &str| Note { severity, code: code.to_owned(), text: text.to_owned(), key: None };
    let Some(store) = &facts.store else {
        return vec![match inventory.is_some_and(boots_from_store) {
            true => note(
                Severity::Fatal,
                "store-needed",
                "the instances of this cluster boot from a state store, and none that they can read is named: without it \
                 their launch templates would lose what they boot with; name it with --store",
            ),
            false => note(
                Severity::Info,
                "instances-do-not-join",
                "instances start and run, but do not become Kubernetes nodes: for that they need a state store in S3 \
                 (--store s3://bucket/prefix) and the program kedge-node (--node-binaries DIR)",
            ),
        }];
    };
    match store.keys {
        Some(kedge_resource::facts::StoreKeys::Kms) => Vec::new(),
        Some(kedge_resource::facts::StoreKeys::Passphrase) => vec![note(
            Severity::Warning,
            "keys-cannot-be-opened",
            "control planes cannot open the keys of the cluster, which a passphrase wraps: wrap them by a key of AWS KMS with \
             `kedge secret rekey`, or they wait for ever",
        )],
        None => vec![note(
            Severity::Warning,
            "keys-missing",
            "the cluster has no keys and authorities yet, and control planes wait for them: `kedge apply --kms-key KEY` makes \
             them",
        )],
    }
}

/// Whether a launch template of the cluster has user data that fetches from a store.
fn boots_from_store(inventory: &Inventory) -> bool {
    inventory.resources.iter().any(|observed| match &observed.properties {
        Properties::LaunchTemplate(template) => template.user_data.as_deref().is_some_and(UserData::is_in),
        _ => false,
    })
}
