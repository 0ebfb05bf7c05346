//! What instances boot with: objects of the state store that are planned, shown and delivered like resources.
//!
//! [`Booting`] stands around an account: what the store holds for instances joins what the account holds, and what shall
//! stand there is written before launch templates name it. `docs/design/0001-boot.md` has the objects and who reads them.

mod account;
mod damage;
mod deliver;
mod dns;
mod objects;
mod place;
mod store;
#[cfg(test)]
mod tests;
mod upgrade;
mod upstream;
mod wanted;

pub use account::Booting;
pub(crate) use dns::dns_notes;
pub use store::{BootSource, Program};
pub(crate) use upgrade::{have_risen, held_note, rising_workers, upgrade_notes};
pub use upstream::{Delivered, deliver_upstream};
pub(crate) use wanted::{Wanted, wanted};

use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Facts, Inventory};

use place::{Place, Running};

/// What somebody should know about how instances boot. `move_store`: whether they may boot from another store than until now.
pub(crate) fn notes(facts: &Facts, inventory: Option<&Inventory>, move_store: bool) -> Vec<Note> {
    let running = inventory.map(Running::of).unwrap_or_default();
    let Some(store) = &facts.store else {
        return vec![match running.any {
            true => note(
                Severity::Fatal,
                "store-needed",
                "the instances of this cluster boot from a state store, and none that they can read is named: without it \
                 their launch templates would lose what they boot with; name it with --store",
            ),
            false => note(
                Severity::Info,
                "instances-do-not-join",
                "instances start and run, but do not become Kubernetes nodes: for that they need the program kedge-node \
                 (--node-binaries DIR) and, on AWS, a state store in S3 (--store s3://bucket/prefix)",
            ),
        }];
    };
    let place = Place::new(&store.bucket, &store.prefix);
    let mut notes = Vec::new();
    let others = running.elsewhere(&place);
    if !others.is_empty() {
        let others = others.join(" and ");
        notes.push(match move_store {
            true => note(
                Severity::Warning,
                "store-changed",
                &format!(
                    "the cluster moves from {others} to {place}: running instances may read and write the old place no longer, \
                     so replace them at once, control planes first; everything of the old place has to be in the new one"
                ),
            ),
            false => note(
                Severity::Fatal,
                "store-changed",
                &format!(
                    "the instances of this cluster boot from {others}, and --store leads to {place}: running control planes would \
                     lose their store, and new ones would make a cluster of their own; name the store that they have, or, if \
                     you have copied everything to the new place, add --move-store"
                ),
            ),
        });
    }
    match store.keys {
        Some(kedge_resource::facts::StoreKeys::Kms) => {}
        Some(kedge_resource::facts::StoreKeys::Passphrase) => notes.push(note(
            Severity::Warning,
            "keys-cannot-be-opened",
            "control planes cannot open the keys of the cluster, which a passphrase wraps: wrap them by a key of AWS KMS with \
             `kedge secret rekey`, or they wait for ever",
        )),
        None => notes.push(note(
            Severity::Warning,
            "keys-missing",
            "the cluster has no keys and authorities yet, and control planes wait for them: `kedge apply --kms-key KEY` makes \
             them",
        )),
    }
    notes
}

/// What somebody should know who deletes a cluster. What control planes wrote into the store has to go with it: a cluster that
/// is made again under the same name would take itself for the old one. `leave_store`: whether it may stay.
pub(crate) fn delete_notes(source: Option<&BootSource>, inventory: &Inventory, leave_store: bool) -> Vec<Note> {
    let running = Running::of(inventory);
    let left = match source {
        Some(source) => running.elsewhere(&source.place()),
        None if running.places.is_empty() && running.any => vec!["a state store".to_owned()],
        None => running.places.iter().map(ToString::to_string).collect(),
    };
    if left.is_empty() {
        return Vec::new();
    }
    let left = left.join(" and ");
    vec![match leave_store {
        true => note(
            Severity::Warning,
            "store-left",
            &format!(
                "what control planes wrote into {left} stays: a cluster of the same name cannot start from there until it is gone"
            ),
        ),
        false => note(
            Severity::Fatal,
            "store-needed",
            &format!(
                "the instances of this cluster boot from {left}, which is not the store that is named: what control planes wrote \
                 there would stay, and a cluster of the same name could not start; name it with --store, or add --leave-store if \
                 it is lost"
            ),
        ),
    }]
}

fn note(severity: Severity, code: &str, text: &str) -> Note {
    Note { severity, code: code.to_owned(), text: text.to_owned(), key: None }
}
