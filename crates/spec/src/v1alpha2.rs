//! The kops API version `v1alpha2`: what its fields are, and the raw form of those that act.

pub(crate) mod cluster;
pub(crate) mod fields;
pub(crate) mod instance_group;
pub(crate) mod renamed;
