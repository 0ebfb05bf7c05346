//! The rules, and what they have in common.

use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Action, Change, Plan, Properties, ResourceKey};

use crate::CheckOptions;

mod destroy;
mod foreign;
mod imds;
mod occupied_subnet;
mod open_ssh;
mod protected;
mod roll;
mod unencrypted_etcd;
mod unreadable;
mod vpc_replacement;

/// A rule: what it has to say about a plan.
pub(crate) type Rule = fn(&Plan, &CheckOptions) -> Vec<Note>;

/// Every rule.
pub(crate) const ALL: &[Rule] = &[
    destroy::check,
    foreign::check,
    imds::check,
    occupied_subnet::check,
    open_ssh::check,
    protected::check,
    roll::check,
    unencrypted_etcd::check,
    unreadable::check,
    vpc_replacement::check,
];

fn note(severity: Severity, code: &str, key: Option<&ResourceKey>, text: String) -> Note {
    Note { severity, code: code.to_owned(), text, key: key.cloned() }
}

/// Whether a change destroys what AWS holds.
fn destroys(change: &Change) -> bool {
    match change.action {
        Action::Delete | Action::Replace => true,
        Action::Create | Action::Update => false,
    }
}

/// What changes make anew.
fn made(plan: &Plan) -> impl Iterator<Item = (&Change, &Properties)> {
    plan.changes
        .iter()
        .filter(|change| match change.action {
            Action::Create | Action::Replace => true,
            Action::Update | Action::Delete => false,
        })
        .filter_map(|change| Some((change, change.after.as_ref()?)))
}

/// Tag keys of etcd volumes begin with this, then comes the etcd cluster.
const ETCD_TAG: &str = "k8s.io/etcd/";

fn is_etcd_volume(properties: &Properties) -> bool {
    match properties {
        Properties::Volume(volume) => volume.tags.iter().any(|(key, _)| key.starts_with(ETCD_TAG)),
        _ => false,
    }
}
