//! Records: DNS knows no case and no final dot, and Route 53 writes `dualstack.` before names of load balancers.

use kedge_resource::Ref;
use kedge_resource::kind::{LoadBalancer, RecordSet};

pub(super) fn disregard(want: &RecordSet, have: &mut RecordSet) {
    if canonical(&want.name) == canonical(&have.name) {
        have.name.clone_from(&want.name);
    }
    if let (Some(want), Some(have)) = (&want.alias_target, &mut have.alias_target) {
        let target = |reference: &Ref<LoadBalancer>| {
            let name = canonical(reference.bare());
            name.strip_prefix("dualstack.").map(str::to_owned).unwrap_or(name)
        };
        if want.load_balancer.key().is_none() && target(&want.load_balancer) == target(&have.load_balancer) {
            have.load_balancer = want.load_balancer.clone();
        }
    }
}

fn canonical(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
