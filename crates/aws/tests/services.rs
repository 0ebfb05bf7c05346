//! The services besides EC2, over the wire: each kind is made, found again as it was wanted, changed and removed, and things
//! of others are left alone.
//!
//! Runs when `KEDGE_TEST_ENDPOINT` names a server that `tests/moto/server.py` started (`tests/run` does that, and points the
//! AWS clients at it), and says that it is skipped otherwise.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "services/account.rs"]
mod account;
#[path = "services/balancers.rs"]
mod balancers;
#[path = "services/dns.rs"]
mod dns;
#[path = "services/events.rs"]
mod events;
#[path = "services/facts.rs"]
mod facts;
#[path = "services/iam.rs"]
mod iam;
