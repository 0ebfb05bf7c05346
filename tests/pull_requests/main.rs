//! What reviewers and CI jobs use: differences between versions, drift, and the steps of the guide, in git repositories that the
//! tests make.

mod drift;
mod guide;
mod repository;
mod revisions;
mod secrets;
