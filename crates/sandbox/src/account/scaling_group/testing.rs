//! Groups that tests begin with.

use super::*;
use crate::account::launch_template::testing::data;
use crate::account::testing::{subnet, tags, vpc};

/// Sizes; template and subnets are filled in by [`group`].
pub(crate) fn spec(min: i32, max: i32) -> GroupSpec {
    GroupSpec {
        min,
        max,
        source: Source::Template("g.example.com".to_owned()),
        subnets: Vec::new(),
        max_instance_lifetime: 0,
        protected: false,
        capacity_rebalance: false,
    }
}

/// A group `g.example.com` over two subnets of a new VPC; returns its name and the VPC.
pub(crate) fn group(account: &mut Account, spec: &GroupSpec) -> (String, String) {
    let vpc = vpc(account, "v");
    let subnets = vec![subnet(account, &vpc, 0), subnet(account, &vpc, 1)];
    let data = data(account, &[]);
    account.create_launch_template("g.example.com", &data, &tags("g.example.com"), None).unwrap();
    let spec = GroupSpec { subnets, ..spec.clone() };
    account.create_auto_scaling_group("g.example.com", &spec, &[], &[], &[], &tags("g")).unwrap();
    ("g.example.com".to_owned(), vpc)
}
