//! Lowers a resolved specification and account facts to the resources that AWS shall hold.
//!
//! [`lower`] decides everything that kops decides for the same manifest, under the same names and tags; where it decides
//! otherwise, `docs/reference/kops-differences.md` says why. It knows nothing of what AWS holds now: comparing is the
//! planner's job. One file makes one kind of resource or one family of rules; [`lowering`] collects what they make.

mod assumed;
mod boot;
mod checks;
mod dns;
mod etcd_volumes;
mod facts_query;
mod fingerprint;
mod iam;
mod images;
mod instance_groups;
mod load_balancers;
mod lowering;
mod names;
mod network;
mod neutral;
mod security;
mod subnets;
mod tags;
mod termination;
mod user_data;

#[cfg(test)]
mod testing;

use kedge_diag::Diagnostics;
use kedge_resource::facts::HostedZone;
use kedge_resource::{Desired, Facts};
use kedge_spec::ResolvedSpec;
use kedge_spec::resolved::InstanceGroup;

pub use assumed::{ROOT_DEVICE, assumed_facts, fill_in};
pub use boot::Boot;
pub use facts_query::facts_query;
pub use fingerprint::{FingerprintError, openssh_fingerprint};
pub use instance_groups::has_gpu;
pub use neutral::neutral;

use crate::lowering::Lowering;

/// Architecture of the instances of a group, as EC2 calls it, where the account has their image.
#[must_use]
pub fn architecture<'a>(group: &InstanceGroup, facts: &'a Facts) -> Option<&'a str> {
    images::resolve(&group.image, facts).map(|image| image.architecture.as_str())
}

/// The hosted zone that the records of a cluster are in, if it has any and the account has the zone.
#[must_use]
pub fn hosted_zone<'a>(spec: &ResolvedSpec, facts: &'a Facts) -> Option<&'a HostedZone> {
    dns::find_zone(&spec.cluster, facts)
}

/// What AWS shall hold of a cluster.
///
/// # Errors
/// Everything at once that the account cannot give the manifests: zones, machine types, images, networks. The paths are
/// like `Cluster/prod.example.com: spec.subnets[0].zone`.
pub fn lower(spec: &ResolvedSpec, facts: &Facts) -> Result<Desired, Diagnostics> {
    lower_to(spec, facts, None)
}

/// As [`lower`], for instances that fetch from a state store what they boot with; without `boot` they start and run with
/// the user data of their manifest alone.
///
/// # Errors
/// As there.
pub fn lower_to(spec: &ResolvedSpec, facts: &Facts, boot: Option<&Boot>) -> Result<Desired, Diagnostics> {
    let mut lowering = Lowering::new(spec, facts, boot);
    checks::check(&mut lowering);
    network::lower(&mut lowering);
    security::lower(&mut lowering);
    load_balancers::lower(&mut lowering);
    dns::lower(&mut lowering);
    instance_groups::lower(&mut lowering);
    etcd_volumes::lower(&mut lowering);
    termination::lower(&mut lowering);
    iam::lower(&mut lowering);
    lowering.finish()
}
