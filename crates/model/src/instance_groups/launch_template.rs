//! What instances of a group are launched with.

use kedge_diag::Diagnostic;
use kedge_resource::Ref;
use kedge_resource::kind::{
    CreditSpecification, InstanceMarketOptions, LaunchTemplate, MetadataOptions, Monitoring,
    NetworkInterfaceSpecification, Placement, SecurityGroup, SpotOptions, TagSpecification,
};
use kedge_spec::resolved::{InstanceGroup, Role};

use super::{block_devices, instance_profile, key_pair, machine_type, tags};
use crate::lowering::Lowering;
use crate::{images, names, user_data};

/// The most user data that EC2 takes, in bytes before encoding.
const USER_DATA_LIMIT: usize = 16 * 1024;

/// Makes the template. Without an image there is none; the checks report that.
pub(super) fn lower(lowering: &mut Lowering<'_>, group: &InstanceGroup) {
    let Some(image) = images::resolve(&group.image, lowering.facts) else {
        return;
    };
    let booting = lowering.boot.and_then(|boot| boot.user_data.get(&group.name).cloned());
    let user_data = booting.or_else(|| user_data::render(&group.additional_user_data));
    if let Some(text) = user_data.as_ref().filter(|text| text.len() > USER_DATA_LIMIT) {
        let detail = format!("the user data of {} has {} bytes, EC2 takes {USER_DATA_LIMIT}", group.name, text.len());
        let diagnostic = Diagnostic::error("user-data-too-long", "user data is too long", detail)
            .hint("let a short script fetch the rest");
        lowering.report_group(group, "spec.additionalUserData", diagnostic);
    }
    let machine_type = machine_type(group);
    let local_disks = lowering.facts.instance_types.get(machine_type).map_or(0, |found| found.local_disks);
    let tags = tags::of_group(lowering, group);
    let ipv6 =
        group.subnets.iter().filter_map(|name| lowering.subnet(name)).any(|subnet| subnet.spec.ipv6_cidr.is_some());
    let template = LaunchTemplate {
        image_id: image.id.clone(),
        instance_type: machine_type.to_owned(),
        instance_profile: Some(instance_profile(lowering, group)),
        key: key_pair::reference(lowering),
        block_device_mappings: block_devices::mappings(group, &image.root_device_name, local_disks),
        network_interfaces: vec![NetworkInterfaceSpecification {
            associate_public_ip_address: public_address(lowering, group),
            delete_on_termination: true,
            device_index: 0,
            ipv6_address_count: i32::from(ipv6),
            security_groups: security_groups(lowering, group),
        }],
        metadata_options: MetadataOptions {
            http_endpoint: "enabled".to_owned(),
            http_tokens: group.instance_metadata.http_tokens.clone(),
            http_put_response_hop_limit: group.instance_metadata.hop_limit,
            http_protocol_ipv6: if ipv6 { "enabled" } else { "disabled" }.to_owned(),
        },
        monitoring: Monitoring { enabled: group.detailed_monitoring },
        credit_specification: group
            .cpu_credits
            .clone()
            .filter(|credits| !credits.is_empty())
            .map(|cpu_credits| CreditSpecification { cpu_credits }),
        instance_market_options: market_options(group),
        placement: group.tenancy.clone().map(|tenancy| Placement { tenancy }),
        ebs_optimized: group.root_volume.optimized,
        user_data,
        tag_specifications: ["instance", "network-interface", "volume"]
            .map(|resource_type| TagSpecification { resource_type: resource_type.to_owned(), tags: tags.clone() })
            .to_vec(),
        tags,
    };
    lowering.add(names::group(group, lowering.name()), template);
}

/// Whether instances get a public address: only where the internet reaches them, as the first subnet tells.
fn public_address(lowering: &Lowering<'_>, group: &InstanceGroup) -> bool {
    let first = group.subnets.first().and_then(|name| lowering.subnet(name));
    first.is_some_and(|subnet| subnet.public()) && group.associate_public_ip.unwrap_or(true)
}

fn security_groups(lowering: &Lowering<'_>, group: &InstanceGroup) -> Vec<Ref<SecurityGroup>> {
    let mut result = vec![match &group.security_group_override {
        Some(id) => Ref::existing(id),
        None => lowering.role_security_group(group.role),
    }];
    let mut push = |ids: &[String]| {
        for id in ids {
            let reference = Ref::existing(id);
            if !result.contains(&reference) {
                result.push(reference);
            }
        }
    };
    if let Some(load_balancer) = &lowering.cluster.api.load_balancer
        && matches!(group.role, Role::ControlPlane | Role::ApiServer)
    {
        push(&load_balancer.additional_security_groups);
    }
    push(&group.additional_security_groups);
    result
}

/// How spot instances are bought; a group of several types says that in its policy instead.
fn market_options(group: &InstanceGroup) -> Option<InstanceMarketOptions> {
    if group.mixed_instances_policy.is_some() {
        return None;
    }
    let max_price = group.max_price.clone().filter(|price| !price.is_empty())?;
    Some(InstanceMarketOptions {
        market_type: "spot".to_owned(),
        spot_options: SpotOptions {
            max_price: Some(max_price),
            block_duration_minutes: group.spot_duration_minutes,
            instance_interruption_behavior: group.instance_interruption_behavior.clone(),
        },
    })
}
