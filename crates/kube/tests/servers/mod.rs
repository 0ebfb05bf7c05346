//! API servers that tests talk to.

pub mod fake;
pub mod real;
