//! Runs over an account in memory.
