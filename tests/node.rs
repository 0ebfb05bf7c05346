//! `kedge-node` as it is.
