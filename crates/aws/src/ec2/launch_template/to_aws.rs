//! A launch template as AWS takes it.

use aws_sdk_ec2::types::{
    CreditSpecificationRequest, InstanceInterruptionBehavior, InstanceType, LaunchTemplateBlockDeviceMappingRequest,
    LaunchTemplateEbsBlockDeviceRequest, LaunchTemplateHttpTokensState,
    LaunchTemplateIamInstanceProfileSpecificationRequest, LaunchTemplateInstanceMarketOptionsRequest,
    LaunchTemplateInstanceMetadataEndpointState, LaunchTemplateInstanceMetadataOptionsRequest,
    LaunchTemplateInstanceMetadataProtocolIpv6, LaunchTemplateInstanceNetworkInterfaceSpecificationRequest,
    LaunchTemplatePlacementRequest, LaunchTemplateSpotMarketOptionsRequest, LaunchTemplateTagSpecificationRequest,
    LaunchTemplatesMonitoringRequest, MarketType, RequestLaunchTemplateData, ResourceType, Tenancy, VolumeType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kedge_cloud::CloudError;
use kedge_resource::kind::{
    BlockDeviceMapping, EbsBlockDevice, InstanceMarketOptions, LaunchTemplate, MetadataOptions,
    NetworkInterfaceSpecification, TagSpecification,
};

use crate::ec2::common::to_list;
use crate::realize::Task;

/// The data of a version.
pub(super) fn data(task: &Task<'_>, template: &LaunchTemplate) -> Result<RequestLaunchTemplateData, CloudError> {
    let LaunchTemplate {
        image_id,
        instance_type,
        instance_profile,
        key,
        block_device_mappings,
        network_interfaces,
        metadata_options,
        monitoring,
        credit_specification,
        instance_market_options,
        placement,
        ebs_optimized,
        user_data,
        tag_specifications,
        tags: _,
    } = template;
    let profile = match instance_profile {
        Some(profile) => {
            let name = task.handles.resolve(profile)?;
            Some(LaunchTemplateIamInstanceProfileSpecificationRequest::builder().name(name).build())
        }
        None => None,
    };
    let interfaces = network_interfaces.iter().map(|interface| self::interface(task, interface));
    Ok(RequestLaunchTemplateData::builder()
        .image_id(image_id)
        .instance_type(InstanceType::from(instance_type.as_str()))
        .set_iam_instance_profile(profile)
        .set_key_name(key.as_ref().map(|key| task.handles.resolve(key)).transpose()?)
        .set_block_device_mappings(list(block_device_mappings.iter().map(block_device).collect()))
        .set_network_interfaces(list(interfaces.collect::<Result<_, _>>()?))
        .metadata_options(metadata(metadata_options))
        .monitoring(LaunchTemplatesMonitoringRequest::builder().enabled(monitoring.enabled).build())
        .set_credit_specification(
            credit_specification
                .as_ref()
                .map(|credit| CreditSpecificationRequest::builder().cpu_credits(&credit.cpu_credits).build()),
        )
        .set_instance_market_options(instance_market_options.as_ref().map(market))
        .set_placement(placement.as_ref().map(|placement| {
            LaunchTemplatePlacementRequest::builder().tenancy(Tenancy::from(placement.tenancy.as_str())).build()
        }))
        .set_ebs_optimized(*ebs_optimized)
        .set_user_data(user_data.as_ref().map(|text| STANDARD.encode(text)))
        .set_tag_specifications(list(tag_specifications.iter().map(tag_specification).collect()))
        .build())
}

/// AWS refuses some empty lists.
fn list<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

fn block_device(mapping: &BlockDeviceMapping) -> LaunchTemplateBlockDeviceMappingRequest {
    LaunchTemplateBlockDeviceMappingRequest::builder()
        .device_name(&mapping.device_name)
        .set_virtual_name(mapping.virtual_name.clone())
        .set_ebs(mapping.ebs.as_ref().map(ebs))
        .build()
}

fn ebs(device: &EbsBlockDevice) -> LaunchTemplateEbsBlockDeviceRequest {
    LaunchTemplateEbsBlockDeviceRequest::builder()
        .delete_on_termination(device.delete_on_termination)
        .encrypted(device.encrypted)
        .set_iops(device.iops)
        .set_throughput(device.throughput)
        .set_volume_size(device.volume_size)
        .volume_type(VolumeType::from(device.volume_type.as_str()))
        .set_kms_key_id(device.kms_key_id.clone())
        .build()
}

fn interface(
    task: &Task<'_>,
    interface: &NetworkInterfaceSpecification,
) -> Result<LaunchTemplateInstanceNetworkInterfaceSpecificationRequest, CloudError> {
    let groups = interface.security_groups.iter().map(|group| task.handles.resolve(group));
    Ok(LaunchTemplateInstanceNetworkInterfaceSpecificationRequest::builder()
        .associate_public_ip_address(interface.associate_public_ip_address)
        .delete_on_termination(interface.delete_on_termination)
        .device_index(interface.device_index)
        .set_ipv6_address_count((interface.ipv6_address_count != 0).then_some(interface.ipv6_address_count))
        .set_groups(list(groups.collect::<Result<_, _>>()?))
        .build())
}

fn metadata(options: &MetadataOptions) -> LaunchTemplateInstanceMetadataOptionsRequest {
    LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .http_endpoint(LaunchTemplateInstanceMetadataEndpointState::from(options.http_endpoint.as_str()))
        .http_tokens(LaunchTemplateHttpTokensState::from(options.http_tokens.as_str()))
        .http_put_response_hop_limit(options.http_put_response_hop_limit)
        .http_protocol_ipv6(LaunchTemplateInstanceMetadataProtocolIpv6::from(options.http_protocol_ipv6.as_str()))
        .build()
}

fn market(options: &InstanceMarketOptions) -> LaunchTemplateInstanceMarketOptionsRequest {
    let spot = &options.spot_options;
    let behavior = spot.instance_interruption_behavior.as_deref().map(InstanceInterruptionBehavior::from);
    LaunchTemplateInstanceMarketOptionsRequest::builder()
        .market_type(MarketType::from(options.market_type.as_str()))
        .spot_options(
            LaunchTemplateSpotMarketOptionsRequest::builder()
                .set_max_price(spot.max_price.clone())
                .set_block_duration_minutes(spot.block_duration_minutes)
                .set_instance_interruption_behavior(behavior)
                .build(),
        )
        .build()
}

fn tag_specification(specification: &TagSpecification) -> LaunchTemplateTagSpecificationRequest {
    LaunchTemplateTagSpecificationRequest::builder()
        .resource_type(ResourceType::from(specification.resource_type.as_str()))
        .set_tags(Some(to_list(&specification.tags)))
        .build()
}
