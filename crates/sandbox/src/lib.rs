//! An embedded AWS account for trying, rehearsing and testing.
//!
//! [`Sandbox`] stands behind the same ports as AWS: it implements [`kedge_cloud::Observe`] and [`kedge_cloud::Realize`], in a
//! directory, with no other process and no credentials. It is
//!
//! * *strict*: it refuses what AWS refuses, with AWS's codes, so that a wrong order of calls fails here as it fails there;
//! * *deterministic*: ids are made from names, so that a run looks the same however its steps were interleaved;
//! * *persistent*: every call that changes something is on disk before it is answered;
//! * *slow where AWS is slow*, on a simulated clock that jumps over waiting or runs at a chosen speed;
//! * *able to fail* on demand: throttle, refuse, lose an answer, kill the client ([`Faults`]).
//!
//! The parts: `account` is the state with one function for each API call; `call` is the gate that every call passes;
//! `realize` and `observe` do what the AWS executor does, call by call, in the same order. [`ByHand`] changes the account
//! behind kedge's back, for tests and rehearsals.

mod account;
mod by_hand;
mod call;
mod classify;
mod client;
mod clock;
mod error;
mod faults;
mod file;
mod holdings;
mod observe;
mod realize;
mod sandbox;
mod seed;

pub use account::quota::Quotas;
pub use by_hand::ByHand;
pub use call::CallRecord;
pub use classify::CRASHED;
pub use error::SandboxError;
pub use faults::{CallPattern, FaultAction, FaultCondition, FaultRule, Faults};
pub use sandbox::{Sandbox, SandboxOptions};
pub use seed::default_account;
