//! Target groups: AWS reports every attribute there is, and a path for checks that have none.

use kedge_resource::kind::TargetGroup;

pub(super) fn disregard(want: &TargetGroup, have: &mut TargetGroup) {
    have.target_group_attributes.retain(|key, _| want.target_group_attributes.contains_key(key));
    if want.health_check_path.is_none() && want.health_check_protocol == "TCP" {
        have.health_check_path = None;
    }
}
