//! `vpc-replacement`: the plan would replace the VPC, which cannot work in place.
//!
//! Load balancers and running instances cannot move to another VPC, so that such an apply would stop half way, with two
//! VPCs and a cluster in neither. No permission helps: a new cluster and a migration do.

use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Action, Kind, Plan};

use super::note;
use crate::CheckOptions;

pub(super) fn check(plan: &Plan, _: &CheckOptions) -> Vec<Note> {
    plan.changes
        .iter()
        .filter(|change| change.key.kind == Kind::Vpc && change.action == Action::Replace)
        .map(|change| {
            let text = format!(
                "the range of {} cannot change while the cluster is in it; put the former networkCIDR back, or make a new \
                 cluster and move to it",
                change.key
            );
            note(Severity::Fatal, "vpc-replacement", Some(&change.key), text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use kedge_resource::kind::Vpc;

    use super::*;
    use crate::testing::{create, plan, replace, vpc};

    #[test]
    fn a_vpc_is_never_replaced_not_even_with_permission() {
        assert_eq!(check(&plan(vec![create("c.example.com", vpc())]), &CheckOptions::default()), []);
        let wider = Vpc { cidr_block: "10.0.0.0/8".to_owned(), ..vpc() };
        let change = replace("c.example.com", vpc(), wider);
        let options = CheckOptions { allow_destroy: [change.key.clone()].into(), ..CheckOptions::default() };
        let text = "the range of vpc/c.example.com cannot change while the cluster is in it; put the former networkCIDR \
                    back, or make a new cluster and move to it";
        let expected = note(Severity::Fatal, "vpc-replacement", Some(&change.key), text.to_owned());
        assert_eq!(check(&plan(vec![change]), &options), [expected]);
    }
}
