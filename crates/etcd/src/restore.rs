//! Going back to a snapshot.
//!
//! Somebody writes a request into the state store ([`ask`]), and the control planes follow it ([`follow`]). Its steps are in
//! the request itself, each one a conditional write, so that any of them can be killed and all of them agree:
//!
//! 1. *requested*: the leader of etcd, or whoever is first if there is none, fetches the snapshot, checks it, and makes a data
//!    directory of it. A snapshot that is not whole ends here, and nothing has changed.
//! 2. *stopping*: all stop etcd. When nobody answers any more, the one that has the new data directory (the *lead*) puts its
//!    old one aside and starts as a cluster of one member, with an id of its own.
//! 3. *restored*: the others put their old data aside and join as new members. On each control plane API server, controller
//!    manager and scheduler begin anew, because they remember what etcd held before.
//!
//! Who was not there finds, when it comes back, that its data is of another cluster, and joins too.

mod follow;
mod lead;
mod request;

pub use follow::{Followed, follow};
pub(crate) use lead::before_start;
pub use request::{Begun, Lead, Request, State, ask, cancel, current};

#[cfg(test)]
mod tests;
