//! Whole instances over a made-up world: machines whose programs, disks and units are simulated, a store in memory, volumes,
//! records and a cluster that several of them share.
//!
//! Time passes only when somebody sleeps. A machine can be killed at every single thing that it does to the world: before it,
//! in the middle of it, and after it.

mod boot;
mod faults;
mod kills;
mod machine;
mod ports;
mod programs;
mod races;
mod upkeep;
mod world;

pub(crate) use world::config;
