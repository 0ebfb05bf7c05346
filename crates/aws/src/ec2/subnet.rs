//! Subnets and their attributes.

use aws_sdk_ec2::operation::modify_subnet_attribute::builders::ModifySubnetAttributeFluentBuilder;
use aws_sdk_ec2::types::{AttributeBooleanValue, HostnameType, ResourceType, Subnet as AwsSubnet};
use aws_sdk_ec2::types::{SubnetCidrBlockStateCode, SubnetIpv6CidrBlockAssociation, SubnetState};
use ipnet::Ipv6Net;
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::{PrivateDnsNameOptions, Subnet};
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ref};

use super::common::{filter, of_cluster, only_new, pages, retag, specification, tagged, tags};
use crate::call::incomplete;
use crate::client::Aws;
use crate::realize::{Task, after, before, done, gone, observed, touches};
use crate::wait::{self, Look, Poll};

/// What AWS gives a subnet unless it is told otherwise.
const IP_NAME: &str = "ip-name";

/// The subnets of the cluster.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<AwsSubnet>, CloudError> {
    let request = aws.ec2().describe_subnets().filters(of_cluster(cluster));
    pages!(aws, "ec2:DescribeSubnets", request, subnets).await
}

/// A subnet.
pub(super) fn entry_of(cluster: &ClusterName, subnet: &AwsSubnet) -> Option<Observed> {
    let tags = tags(subnet.tags());
    let options = subnet.private_dns_name_options_on_launch();
    let range = ipv6(subnet);
    let properties = Subnet {
        vpc: Ref::existing(subnet.vpc_id()?),
        availability_zone: subnet.availability_zone()?.to_owned(),
        cidr_block: subnet.cidr_block().filter(|cidr| !cidr.is_empty()).map(ToOwned::to_owned),
        ipv6_cidr_block: range.as_ref().map(|(_, cidr)| cidr.clone()),
        assign_ipv6_address_on_creation: subnet.assign_ipv6_address_on_creation().unwrap_or_default(),
        ipv6_native: subnet.ipv6_native().unwrap_or_default(),
        enable_dns64: subnet.enable_dns64().unwrap_or_default(),
        private_dns_name_options_on_launch: PrivateDnsNameOptions {
            hostname_type: options
                .and_then(|options| options.hostname_type())
                .map_or(IP_NAME, |hostname_type| hostname_type.as_str())
                .to_owned(),
            enable_resource_name_dns_a_record: options
                .and_then(|options| options.enable_resource_name_dns_a_record())
                .unwrap_or_default(),
            enable_resource_name_dns_aaaa_record: options
                .and_then(|options| options.enable_resource_name_dns_aaaa_record())
                .unwrap_or_default(),
        },
        tags: tags.clone(),
    };
    let handle = Handle { secondary_id: range.map(|(id, _)| id), ..Handle::new(subnet.subnet_id()?) };
    tagged(cluster, Kind::Subnet, handle, &tags, properties)
}

/// Association id and text of the IPv6 range of a subnet.
fn ipv6(subnet: &AwsSubnet) -> Option<(String, String)> {
    use SubnetCidrBlockStateCode::{Disassociated, Disassociating, Failed, Failing};
    subnet.ipv6_cidr_block_association_set().iter().find_map(|block| {
        if matches!(range_state(block), Some(Disassociated | Disassociating | Failed | Failing)) {
            return None;
        }
        Some((block.association_id().unwrap_or_default().to_owned(), block.ipv6_cidr_block()?.to_owned()))
    })
}

fn range_state(block: &SubnetIpv6CidrBlockAssociation) -> Option<&SubnetCidrBlockStateCode> {
    block.ipv6_cidr_block_state().and_then(|state| state.state())
}

/// Makes, changes or removes a subnet.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => update(task, change).await,
        Verb::Delete => {
            let request = task.aws.ec2().delete_subnet().subnet_id(&before(change)?.handle.id);
            gone(task.aws.write_idempotent("ec2:DeleteSubnet", || request.clone().send()).await)?;
            Ok(StepOutcome::default())
        }
    }
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:CreateSubnet";
    let desired: &Subnet = after(change)?;
    let vpc = task.handles.resolve_handle(&desired.vpc)?;
    let range = desired.ipv6_cidr_block.as_deref().map(|text| ipv6_range(text, &vpc)).transpose()?;
    let subnet = match task.aws.begun(&change.key) {
        Some(handle) => describe(task, &handle.id).await?,
        None => {
            let request = task
                .aws
                .ec2()
                .create_subnet()
                .vpc_id(&vpc.id)
                .availability_zone(&desired.availability_zone)
                .set_cidr_block(desired.cidr_block.clone())
                .set_ipv6_cidr_block(range.clone())
                .set_ipv6_native(desired.ipv6_native.then_some(true))
                .set_tag_specifications(specification(ResourceType::Subnet, &desired.tags));
            // ranges do not overlap within a VPC, so the range finds it even without tags
            let by_range = match (&desired.cidr_block, &range) {
                (Some(cidr), _) => filter("cidr-block", [cidr]),
                (None, range) => filter("ipv6-cidr-block-association.ipv6-cidr-block", range),
            };
            let look = || async {
                let in_vpc = filter("vpc-id", [&vpc.id]);
                let request = task.aws.ec2().describe_subnets().filters(in_vpc).filters(by_range.clone());
                let found = pages!(task.aws, "ec2:DescribeSubnets", request, subnets).await?;
                let found = found.into_iter().filter(|subnet| tags(subnet.tags()).name() == desired.tags.name());
                let found = found.filter_map(|subnet| Some((subnet.subnet_id()?.to_owned(), subnet)));
                only_new(task, change, CALL, found.collect())
            };
            task.aws.create(CALL, task.progress, || request.clone().send(), |answer| answer.subnet, look).await?
        }
    };
    let id = subnet.subnet_id().ok_or_else(|| incomplete(CALL))?.to_owned();
    task.aws.begin(&change.key, &Handle::new(&id));
    let subnet = settled(task, subnet, &id, range.is_some()).await?;
    set_attributes(task, &id, &Attributes::of_new(desired.ipv6_native), desired).await?;
    Ok(done(change, Handle { secondary_id: ipv6(&subnet).map(|(id, _)| id), ..Handle::new(id) }))
}

/// Waits until a subnet is available with its IPv6 range: attributes cannot be set before.
async fn settled(task: &Task<'_>, first: AwsSubnet, id: &str, with_ipv6: bool) -> Result<AwsSubnet, CloudError> {
    let ready = |subnet: &AwsSubnet| {
        let ranges = subnet.ipv6_cidr_block_association_set();
        let pending = ranges.iter().any(|block| range_state(block) == Some(&SubnetCidrBlockStateCode::Associating));
        subnet.state() != Some(&SubnetState::Pending) && !(with_ipv6 && (ranges.is_empty() || pending))
    };
    if ready(&first) {
        return Ok(first);
    }
    wait::until("ec2:DescribeSubnets", Poll::QUICK, task.progress, || async {
        match describe(task, id).await {
            Ok(subnet) if ready(&subnet) => Ok(Look::Done(subnet)),
            Ok(_) => Ok(Look::Waiting(format!("{id} is pending"))),
            Err(error) if error.class == ErrorClass::NotFound => Ok(Look::Waiting(format!("{id} is not visible"))),
            Err(error) => Err(error),
        }
    })
    .await
}

async fn describe(task: &Task<'_>, id: &str) -> Result<AwsSubnet, CloudError> {
    const CALL: &str = "ec2:DescribeSubnets";
    let request = task.aws.ec2().describe_subnets().subnet_ids(id);
    let answer = task.aws.read(CALL, || request.clone().send()).await?;
    answer.subnets.unwrap_or_default().into_iter().next().ok_or_else(|| incomplete(CALL))
}

/// The range that `/64#N` stands for in a VPC; other texts are ranges themselves.
fn ipv6_range(text: &str, vpc: &Handle) -> Result<String, CloudError> {
    const CALL: &str = "ec2:CreateSubnet";
    let Some(number) = text.strip_prefix("/64#") else { return Ok(text.to_owned()) };
    let Some(block) = &vpc.ipv6_cidr_block else {
        let message = format!("the subnet asks for {text}, and {} has no IPv6 range", vpc.id);
        return Err(CloudError::new(ErrorClass::Invalid, CALL, message));
    };
    numbered_range(block, number).ok_or_else(|| {
        CloudError::new(ErrorClass::Invalid, CALL, format!("{text} is not a block of the VPC's IPv6 range {block}"))
    })
}

/// Block number `number` (hexadecimal) of size /64 of `block`.
fn numbered_range(block: &str, number: &str) -> Option<String> {
    let block: Ipv6Net = block.parse().ok()?;
    let number = u64::from_str_radix(number, 16).ok()?;
    let bits = 64_u8.checked_sub(block.prefix_len())?;
    if bits < 64 && number >> bits != 0 {
        return None;
    }
    let address = u128::from(block.network()) | (u128::from(number) << 64);
    Some(Ipv6Net::new(address.into(), 64).ok()?.to_string())
}

/// Attributes that a call of their own sets.
struct Attributes {
    assign_ipv6: bool,
    dns64: bool,
    hostname_type: String,
    a_record: bool,
    aaaa_record: bool,
}

impl Attributes {
    /// Those that AWS gives a new subnet.
    fn of_new(ipv6_native: bool) -> Self {
        let hostname_type = if ipv6_native { "resource-name" } else { IP_NAME };
        Self {
            assign_ipv6: ipv6_native,
            dns64: false,
            hostname_type: hostname_type.to_owned(),
            a_record: false,
            aaaa_record: false,
        }
    }

    fn of(subnet: &Subnet) -> Self {
        let Subnet {
            vpc: _,
            availability_zone: _,
            cidr_block: _,
            ipv6_cidr_block: _,
            assign_ipv6_address_on_creation,
            ipv6_native: _,
            enable_dns64,
            private_dns_name_options_on_launch: options,
            tags: _,
        } = subnet;
        Self {
            assign_ipv6: *assign_ipv6_address_on_creation,
            dns64: *enable_dns64,
            hostname_type: options.hostname_type.clone(),
            a_record: options.enable_resource_name_dns_a_record,
            aaaa_record: options.enable_resource_name_dns_aaaa_record,
        }
    }
}

/// Sets the attributes that differ. AWS takes one a call, so the calls go side by side.
async fn set_attributes(task: &Task<'_>, id: &str, now: &Attributes, desired: &Subnet) -> Result<(), CloudError> {
    let wanted = Attributes::of(desired);
    let request = || task.aws.ec2().modify_subnet_attribute().subnet_id(id);
    let value = |value: bool| AttributeBooleanValue::builder().value(value).build();
    let mut requests: Vec<ModifySubnetAttributeFluentBuilder> = Vec::new();
    if wanted.assign_ipv6 != now.assign_ipv6 {
        requests.push(request().assign_ipv6_address_on_creation(value(wanted.assign_ipv6)));
    }
    if wanted.dns64 != now.dns64 {
        requests.push(request().enable_dns64(value(wanted.dns64)));
    }
    if wanted.hostname_type != now.hostname_type {
        let hostname_type = HostnameType::from(wanted.hostname_type.as_str());
        requests.push(request().private_dns_hostname_type_on_launch(hostname_type));
    }
    if wanted.a_record != now.a_record {
        requests.push(request().enable_resource_name_dns_a_record_on_launch(value(wanted.a_record)));
    }
    if wanted.aaaa_record != now.aaaa_record {
        requests.push(request().enable_resource_name_dns_aaaa_record_on_launch(value(wanted.aaaa_record)));
    }
    let calls = requests.into_iter().map(|request| async move {
        let call = "ec2:ModifySubnetAttribute";
        task.aws.write_settling(call, task.progress, || request.clone().send()).await
    });
    futures_util::future::try_join_all(calls).await?;
    Ok(())
}

async fn update(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let (desired, current): (&Subnet, &Subnet) = (after(change)?, observed(change)?);
    let mut handle = before(change)?.handle.clone();
    if touches(change, "Ipv6CidrBlock") {
        handle.secondary_id = set_range(task, &handle, desired).await?;
    }
    let attributes = ["AssignIpv6AddressOnCreation", "EnableDns64", "PrivateDnsNameOptionsOnLaunch"];
    if attributes.iter().any(|field| touches(change, field)) {
        set_attributes(task, &handle.id, &Attributes::of(current), desired).await?;
    }
    if touches(change, "Tags") {
        retag(task, &handle.id, &current.tags, &desired.tags).await?;
    }
    Ok(done(change, handle))
}

/// Gives a subnet another IPv6 range, or none; the id of the association.
async fn set_range(task: &Task<'_>, handle: &Handle, desired: &Subnet) -> Result<Option<String>, CloudError> {
    if let Some(association) = &handle.secondary_id {
        let request = task.aws.ec2().disassociate_subnet_cidr_block().association_id(association);
        gone(task.aws.write_idempotent("ec2:DisassociateSubnetCidrBlock", || request.clone().send()).await)?;
    }
    let Some(text) = &desired.ipv6_cidr_block else { return Ok(None) };
    let range = ipv6_range(text, &task.handles.resolve_handle(&desired.vpc)?)?;
    let request = task.aws.ec2().associate_subnet_cidr_block().subnet_id(&handle.id).ipv6_cidr_block(&range);
    let look = || async {
        let subnet = describe(task, &handle.id).await?;
        Ok(ipv6(&subnet).filter(|(_, associated)| *associated == range).map(|(id, _)| id))
    };
    let take = |answer: aws_sdk_ec2::operation::associate_subnet_cidr_block::AssociateSubnetCidrBlockOutput| {
        answer.ipv6_cidr_block_association?.association_id
    };
    let call = "ec2:AssociateSubnetCidrBlock";
    let id = task.aws.create(call, task.progress, || request.clone().send(), take, look).await?;
    settled(task, describe(task, &handle.id).await?, &handle.id, true).await?;
    Ok(Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_ranges_count_in_hexadecimal() {
        let block = "2600:1f18:abcd:1200::/56";
        assert_eq!(numbered_range(block, "0").as_deref(), Some("2600:1f18:abcd:1200::/64"));
        assert_eq!(numbered_range(block, "1f").as_deref(), Some("2600:1f18:abcd:121f::/64"));
        assert_eq!(numbered_range(block, "100"), None);
        assert_eq!(numbered_range(block, "x"), None);
        assert_eq!(numbered_range("2600::/80", "0"), None);
    }

    #[test]
    fn a_range_needs_the_vpcs() {
        let mut vpc = Handle::new("vpc-1");
        assert_eq!(ipv6_range("2600::/64", &vpc).unwrap(), "2600::/64");
        assert!(ipv6_range("/64#0", &vpc).unwrap_err().message.contains("no IPv6 range"));
        vpc.ipv6_cidr_block = Some("2600::/56".to_owned());
        assert_eq!(ipv6_range("/64#a", &vpc).unwrap(), "2600:0:0:a::/64");
    }
}
