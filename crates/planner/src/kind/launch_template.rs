//! Launch templates: AWS returns what was sent, apart from a few defaults that say nothing.

use kedge_resource::kind::{BlockDeviceMapping, LaunchTemplate};

use super::unsaid;

pub(super) fn disregard(want: &LaunchTemplate, have: &mut LaunchTemplate) {
    unsaid(&want.ebs_optimized, &mut have.ebs_optimized, &false);
    if want.placement.is_none() && have.placement.as_ref().is_some_and(|placement| placement.tenancy == "default") {
        have.placement = None;
    }
    if want.user_data.as_deref().unwrap_or_default() == have.user_data.as_deref().unwrap_or_default() {
        have.user_data.clone_from(&want.user_data);
    }
    let device = |mapping: &BlockDeviceMapping| mapping.device_name.clone();
    for mapping in &mut have.block_device_mappings {
        let wanted = want.block_device_mappings.iter().find(|wanted| device(wanted) == mapping.device_name);
        if let (Some(wanted), Some(have)) = (wanted.and_then(|wanted| wanted.ebs.as_ref()), &mut mapping.ebs)
            && wanted.volume_type == have.volume_type
        {
            // What gp3 gives without asking.
            unsaid(&wanted.iops, &mut have.iops, &3000);
            unsaid(&wanted.throughput, &mut have.throughput, &125);
        }
    }
}
