//! The sandbox through its ports, one step after the other: what is made is observed as it was wanted, what is lost or cut
//! off is found again, and what is deleted is gone.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests fail as tests do")]

mod apply;
mod delete;
mod faults;
mod foreign;
mod persistence;
mod round_trip;
mod world;
