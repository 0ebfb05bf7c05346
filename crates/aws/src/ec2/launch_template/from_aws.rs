//! A launch template as AWS gives it back.

use aws_sdk_ec2::types::{
    LaunchTemplateBlockDeviceMapping, LaunchTemplateEbsBlockDevice, LaunchTemplateInstanceMarketOptions,
    LaunchTemplateInstanceMetadataOptions, LaunchTemplateInstanceNetworkInterfaceSpecification, ResourceType,
    ResponseLaunchTemplateData,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kedge_resource::kind::{
    BlockDeviceMapping, CreditSpecification, EbsBlockDevice, InstanceMarketOptions, LaunchTemplate, MetadataOptions,
    Monitoring, NetworkInterfaceSpecification, Placement, SpotOptions, TagSpecification,
};
use kedge_resource::{Ref, Tags};

use crate::ec2::common;

/// A template with the data of a version. What is left out means AWS's default, which is then filled in.
pub(super) fn template(data: &ResponseLaunchTemplateData, tags: Tags) -> LaunchTemplate {
    let mut devices: Vec<BlockDeviceMapping> = data.block_device_mappings().iter().filter_map(block_device).collect();
    devices.sort_by(|a, b| a.device_name.cmp(&b.device_name));
    let profile = data
        .iam_instance_profile()
        .and_then(|profile| profile.name().or_else(|| profile.arn().map(|arn| arn.rsplit('/').next().unwrap_or(arn))));
    LaunchTemplate {
        image_id: data.image_id().unwrap_or_default().to_owned(),
        instance_type: data.instance_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        instance_profile: profile.map(Ref::existing),
        key: data.key_name().map(Ref::existing),
        block_device_mappings: devices,
        network_interfaces: data.network_interfaces().iter().map(interface).collect(),
        metadata_options: metadata(data.metadata_options()),
        monitoring: Monitoring {
            enabled: data.monitoring().and_then(|monitoring| monitoring.enabled()).unwrap_or_default(),
        },
        credit_specification: data
            .credit_specification()
            .and_then(|credit| credit.cpu_credits())
            .map(|credits| CreditSpecification { cpu_credits: credits.to_owned() }),
        instance_market_options: data.instance_market_options().map(market),
        placement: data
            .placement()
            .and_then(|placement| placement.tenancy())
            .map(|tenancy| Placement { tenancy: tenancy.as_str().to_owned() }),
        ebs_optimized: data.ebs_optimized(),
        user_data: data.user_data().map(text),
        tag_specifications: data
            .tag_specifications()
            .iter()
            // the template's own tags are no part of what it launches
            .filter(|specification| specification.resource_type() != Some(&ResourceType::LaunchTemplate))
            .filter_map(|specification| {
                Some(TagSpecification {
                    resource_type: specification.resource_type()?.as_str().to_owned(),
                    tags: common::tags(specification.tags()),
                })
            })
            .collect(),
        tags,
    }
}

/// User data as text. What is no text (compressed data of others) stays in base64.
fn text(encoded: &str) -> String {
    let bytes = STANDARD.decode(encoded).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| encoded.to_owned())
}

fn block_device(mapping: &LaunchTemplateBlockDeviceMapping) -> Option<BlockDeviceMapping> {
    Some(BlockDeviceMapping {
        device_name: mapping.device_name()?.to_owned(),
        virtual_name: mapping.virtual_name().map(ToOwned::to_owned),
        ebs: mapping.ebs().map(ebs),
    })
}

fn ebs(device: &LaunchTemplateEbsBlockDevice) -> EbsBlockDevice {
    EbsBlockDevice {
        delete_on_termination: device.delete_on_termination().unwrap_or(true),
        encrypted: device.encrypted().unwrap_or_default(),
        iops: device.iops(),
        throughput: device.throughput(),
        volume_size: device.volume_size(),
        volume_type: device.volume_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        kms_key_id: device.kms_key_id().map(ToOwned::to_owned),
    }
}

fn interface(interface: &LaunchTemplateInstanceNetworkInterfaceSpecification) -> NetworkInterfaceSpecification {
    NetworkInterfaceSpecification {
        associate_public_ip_address: interface.associate_public_ip_address().unwrap_or_default(),
        delete_on_termination: interface.delete_on_termination().unwrap_or(true),
        device_index: interface.device_index().unwrap_or_default(),
        ipv6_address_count: interface.ipv6_address_count().unwrap_or_default(),
        security_groups: interface.groups().iter().map(Ref::existing).collect(),
    }
}

fn metadata(options: Option<&LaunchTemplateInstanceMetadataOptions>) -> MetadataOptions {
    let text = |value: Option<&str>, default: &str| value.unwrap_or(default).to_owned();
    MetadataOptions {
        http_endpoint: text(options.and_then(|one| one.http_endpoint()).map(|value| value.as_str()), "enabled"),
        http_tokens: text(options.and_then(|one| one.http_tokens()).map(|value| value.as_str()), "optional"),
        http_put_response_hop_limit: options.and_then(|one| one.http_put_response_hop_limit()).unwrap_or(1),
        http_protocol_ipv6: text(
            options.and_then(|one| one.http_protocol_ipv6()).map(|value| value.as_str()),
            "disabled",
        ),
    }
}

fn market(options: &LaunchTemplateInstanceMarketOptions) -> InstanceMarketOptions {
    let spot = options.spot_options();
    InstanceMarketOptions {
        market_type: options.market_type().map_or("spot", |kind| kind.as_str()).to_owned(),
        spot_options: SpotOptions {
            max_price: spot.and_then(|spot| spot.max_price()).map(ToOwned::to_owned),
            block_duration_minutes: spot.and_then(|spot| spot.block_duration_minutes()),
            instance_interruption_behavior: spot
                .and_then(|spot| spot.instance_interruption_behavior())
                .map(|behavior| behavior.as_str().to_owned()),
        },
    }
}
