//! VPCs.

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Vpc as AwsVpc, VpcCidrBlockStateCode, VpcState};
use kedge_cloud::{CloudError, ErrorClass, StepChange, StepOutcome, Verb};
use kedge_resource::kind::{Vpc, VpcCidrBlock};
use kedge_resource::{ClusterName, Handle, Kind, Observed, Ref};

use super::common::{filter, named, only_new, pages, retag, specification, tagged, tags};
use crate::call::incomplete;
use crate::client::Aws;
use crate::realize::{Task, after, before, done, gone, observed, touches, unsupported};
use crate::shared::{entry, found};
use crate::wait::{self, Look, Poll};

/// The VPCs of the cluster; the DNS attributes take a call for each attribute.
pub(super) async fn list(aws: &Aws, cluster: &ClusterName) -> Result<Vec<(AwsVpc, Option<Dns>)>, CloudError> {
    let request = aws.ec2().describe_vpcs().filters(super::common::of_cluster(cluster));
    let vpcs = pages!(aws, "ec2:DescribeVpcs", request, vpcs).await?;
    let with_dns = vpcs.into_iter().map(|vpc| async move {
        let owned = tags(vpc.tags()).owned_by(cluster);
        let Some(id) = vpc.vpc_id().filter(|_| owned) else { return Ok(Some((vpc, None))) };
        // one without attributes is gone meanwhile
        let dns = found(dns(aws, id).await)?;
        Ok(dns.map(|dns| (vpc, Some(dns))))
    });
    let found = futures_util::future::try_join_all(with_dns).await?;
    Ok(found.into_iter().flatten().collect())
}

/// DNS attributes of a VPC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dns {
    hostnames: bool,
    support: bool,
}

async fn dns(aws: &Aws, id: &str) -> Result<Dns, CloudError> {
    use aws_sdk_ec2::types::VpcAttributeName::{EnableDnsHostnames, EnableDnsSupport};
    let request = aws.ec2().describe_vpc_attribute().vpc_id(id);
    let hostnames = request.clone().attribute(EnableDnsHostnames);
    let support = request.attribute(EnableDnsSupport);
    let (hostnames, support) = tokio::try_join!(
        aws.read("ec2:DescribeVpcAttribute", || hostnames.clone().send()),
        aws.read("ec2:DescribeVpcAttribute", || support.clone().send()),
    )?;
    Ok(Dns {
        hostnames: hostnames.enable_dns_hostnames().and_then(AttributeBooleanValue::value).unwrap_or_default(),
        support: support.enable_dns_support().and_then(AttributeBooleanValue::value).unwrap_or_default(),
    })
}

/// A VPC and its secondary IPv4 ranges.
pub(super) fn entries(cluster: &ClusterName, vpc: &AwsVpc, dns: Option<Dns>) -> Vec<Observed> {
    let Some(id) = vpc.vpc_id() else { return Vec::new() };
    let tags = tags(vpc.tags());
    let dns = dns.unwrap_or(Dns { hostnames: false, support: true });
    let properties = Vpc {
        cidr_block: vpc.cidr_block().unwrap_or_default().to_owned(),
        amazon_provided_ipv6_cidr_block: ipv6(vpc) != Ipv6::None,
        enable_dns_hostnames: dns.hostnames,
        enable_dns_support: dns.support,
        tags: tags.clone(),
    };
    let Some(entry) = tagged(cluster, Kind::Vpc, handle(vpc, id), &tags, properties) else { return Vec::new() };
    let blocks = secondary_blocks(&entry, vpc, id);
    std::iter::once(entry).chain(blocks).collect()
}

fn secondary_blocks(of: &Observed, vpc: &AwsVpc, id: &str) -> Vec<Observed> {
    vpc.cidr_block_association_set()
        .iter()
        .filter(|block| block.cidr_block() != vpc.cidr_block())
        .filter(|block| is_there(block.cidr_block_state().and_then(|state| state.state())))
        .filter_map(|block| {
            let cidr = block.cidr_block()?;
            let name = format!("{} {cidr}", of.key.name);
            let properties = VpcCidrBlock { vpc: Ref::existing(id), cidr_block: cidr.to_owned() };
            let handle =
                Handle { secondary_id: block.association_id().map(ToOwned::to_owned), ..Handle::new(name.clone()) };
            Some(entry(Kind::VpcCidrBlock, name, handle, of.ownership, properties))
        })
        .collect()
}

/// Whether a range belongs to a VPC, now or in a moment.
pub(super) fn is_there(state: Option<&VpcCidrBlockStateCode>) -> bool {
    matches!(state, None | Some(VpcCidrBlockStateCode::Associated | VpcCidrBlockStateCode::Associating))
}

/// State of the IPv6 range of a VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ipv6 {
    None,
    Associating,
    Range(String),
}

fn ipv6(vpc: &AwsVpc) -> Ipv6 {
    vpc.ipv6_cidr_block_association_set()
        .iter()
        .filter_map(|block| match block.ipv6_cidr_block_state().and_then(|state| state.state()) {
            Some(VpcCidrBlockStateCode::Associating) => Some(Ipv6::Associating),
            None | Some(VpcCidrBlockStateCode::Associated) => {
                Some(block.ipv6_cidr_block().map_or(Ipv6::Associating, |range| Ipv6::Range(range.to_owned())))
            }
            Some(_) => None,
        })
        .next()
        .unwrap_or(Ipv6::None)
}

fn handle(vpc: &AwsVpc, id: &str) -> Handle {
    let ipv6_cidr_block = match ipv6(vpc) {
        Ipv6::Range(range) => Some(range),
        Ipv6::None | Ipv6::Associating => None,
    };
    Handle { ipv6_cidr_block, ..Handle::new(id) }
}

/// Makes, changes or removes a VPC.
pub(super) async fn realize(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create(task, change).await,
        Verb::Update => update(task, change).await,
        Verb::Delete => delete(task, change).await,
    }
}

async fn create(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    const CALL: &str = "ec2:CreateVpc";
    let desired: &Vpc = after(change)?;
    let vpc = match task.aws.begun(&change.key) {
        Some(handle) => describe(task, &handle.id).await?,
        None => {
            let request = task
                .aws
                .ec2()
                .create_vpc()
                .cidr_block(&desired.cidr_block)
                .amazon_provided_ipv6_cidr_block(desired.amazon_provided_ipv6_cidr_block)
                .set_tag_specifications(specification(ResourceType::Vpc, &desired.tags));
            let look = || async {
                let request = task.aws.ec2().describe_vpcs().set_filters(Some(named(task.cluster, &change.key.name)));
                let found = pages!(task.aws, "ec2:DescribeVpcs", request, vpcs).await?;
                let found = found.into_iter().filter_map(|vpc| Some((vpc.vpc_id()?.to_owned(), vpc))).collect();
                only_new(task, change, CALL, found)
            };
            task.aws.create(CALL, task.progress, || request.clone().send(), |answer| answer.vpc, look).await?
        }
    };
    let id = vpc.vpc_id().ok_or_else(|| incomplete(CALL))?.to_owned();
    task.aws.begin(&change.key, &Handle::new(&id));
    let ((), handle) = tokio::try_join!(
        async {
            if !desired.enable_dns_support {
                set_dns(task, &id, None, Some(false)).await?;
            }
            if desired.enable_dns_hostnames {
                set_dns(task, &id, Some(true), None).await?;
            }
            Ok(())
        },
        settled(task, vpc.clone(), &id, desired.amazon_provided_ipv6_cidr_block),
    )?;
    Ok(done(change, handle))
}

/// Waits until a VPC can be used and has its IPv6 range. What the answer to the creation says is the first look.
async fn settled(task: &Task<'_>, first: AwsVpc, id: &str, with_ipv6: bool) -> Result<Handle, CloudError> {
    if let Some(handle) = ready(&first, id, with_ipv6) {
        return Ok(handle);
    }
    wait::until("ec2:DescribeVpcs", Poll::QUICK, task.progress, || async {
        let vpc = match describe(task, id).await {
            Ok(vpc) => vpc,
            Err(error) if error.class == ErrorClass::NotFound => return Ok(Look::Waiting("VPC is not visible".into())),
            Err(error) => return Err(error),
        };
        Ok(match ready(&vpc, id, with_ipv6) {
            Some(handle) => Look::Done(handle),
            None => Look::Waiting(format!("{id} is pending")),
        })
    })
    .await
}

fn ready(vpc: &AwsVpc, id: &str, with_ipv6: bool) -> Option<Handle> {
    let available = vpc.state() == Some(&VpcState::Available);
    let handle = handle(vpc, id);
    (available && (!with_ipv6 || handle.ipv6_cidr_block.is_some())).then_some(handle)
}

/// A VPC by id.
pub(super) async fn describe(task: &Task<'_>, id: &str) -> Result<AwsVpc, CloudError> {
    const CALL: &str = "ec2:DescribeVpcs";
    let request = task.aws.ec2().describe_vpcs().vpc_ids(id);
    let answer = task.aws.read(CALL, || request.clone().send()).await?;
    answer.vpcs.unwrap_or_default().into_iter().next().ok_or_else(|| incomplete(CALL))
}

/// AWS takes one attribute at a time.
async fn set_dns(task: &Task<'_>, id: &str, hostnames: Option<bool>, support: Option<bool>) -> Result<(), CloudError> {
    let value = |value: Option<bool>| value.map(|value| AttributeBooleanValue::builder().value(value).build());
    let request = task
        .aws
        .ec2()
        .modify_vpc_attribute()
        .vpc_id(id)
        .set_enable_dns_hostnames(value(hostnames))
        .set_enable_dns_support(value(support));
    task.aws.write_settling("ec2:ModifyVpcAttribute", task.progress, || request.clone().send()).await?;
    Ok(())
}

async fn update(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let desired: &Vpc = after(change)?;
    let current: &Vpc = observed(change)?;
    let mut handle = before(change)?.handle.clone();
    let id = handle.id.clone();
    // hostnames need support, so support comes on first and goes off last
    if touches(change, "EnableDnsSupport") && desired.enable_dns_support {
        set_dns(task, &id, None, Some(true)).await?;
    }
    if touches(change, "EnableDnsHostnames") {
        set_dns(task, &id, Some(desired.enable_dns_hostnames), None).await?;
    }
    if touches(change, "EnableDnsSupport") && !desired.enable_dns_support {
        set_dns(task, &id, None, Some(false)).await?;
    }
    if touches(change, "AmazonProvidedIpv6CidrBlock") {
        handle = set_ipv6(task, &id, desired.amazon_provided_ipv6_cidr_block).await?;
    }
    if touches(change, "Tags") {
        retag(task, &id, &current.tags, &desired.tags).await?;
    }
    Ok(done(change, handle))
}

async fn set_ipv6(task: &Task<'_>, id: &str, wanted: bool) -> Result<Handle, CloudError> {
    let vpc = describe(task, id).await?;
    if wanted {
        if ipv6(&vpc) == Ipv6::None {
            let request = task.aws.ec2().associate_vpc_cidr_block().vpc_id(id).amazon_provided_ipv6_cidr_block(true);
            let look = || async {
                let vpc = describe(task, id).await?;
                Ok((ipv6(&vpc) != Ipv6::None).then_some(()))
            };
            let call = "ec2:AssociateVpcCidrBlock";
            task.aws.create(call, task.progress, || request.clone().send(), |_| Some(()), look).await?;
        }
    } else {
        for block in vpc.ipv6_cidr_block_association_set() {
            let state = block.ipv6_cidr_block_state().and_then(|state| state.state());
            if let Some(association) = block.association_id().filter(|_| is_there(state)) {
                disassociate(task, association).await?;
            }
        }
        return Ok(Handle::new(id));
    }
    settled(task, vpc, id, wanted).await
}

/// Takes a range away from a VPC.
pub(super) async fn disassociate(task: &Task<'_>, association: &str) -> Result<(), CloudError> {
    let request = task.aws.ec2().disassociate_vpc_cidr_block().association_id(association);
    gone(task.aws.write_idempotent("ec2:DisassociateVpcCidrBlock", || request.clone().send()).await)
}

async fn delete(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let id = &before(change)?.handle.id;
    let request = task.aws.ec2().delete_vpc().vpc_id(id);
    match gone(task.aws.write_idempotent("ec2:DeleteVpc", || request.clone().send()).await) {
        Err(error) if error.class == ErrorClass::InUse => Err(explained(task, id, error).await),
        other => other.map(|()| StepOutcome::default()),
    }
}

/// Adds what is still in a VPC to the message that it cannot be deleted.
async fn explained(task: &Task<'_>, id: &str, error: CloudError) -> CloudError {
    let in_vpc = || filter("vpc-id", [id]);
    let interfaces = task.aws.ec2().describe_network_interfaces().filters(in_vpc());
    let groups = task.aws.ec2().describe_security_groups().filters(in_vpc());
    let found = tokio::join!(
        task.aws.read("ec2:DescribeNetworkInterfaces", || interfaces.clone().send()),
        task.aws.read("ec2:DescribeSecurityGroups", || groups.clone().send()),
    );
    let (Ok(interfaces), Ok(groups)) = found else { return error };
    let interfaces = interfaces.network_interfaces().iter().filter_map(|interface| {
        Some(format!("{} ({})", interface.network_interface_id()?, interface.description().unwrap_or_default()))
    });
    let groups = groups.security_groups().iter().filter(|group| group.group_name() != Some("default"));
    let groups = groups.filter_map(|group| Some(format!("{} ({})", group.group_id()?, group.group_name()?)));
    let things: Vec<String> = interfaces.chain(groups).take(5).collect();
    if things.is_empty() {
        return error;
    }
    let hint = format!("still in the VPC: {}", things.join(", "));
    error.with_hint(hint)
}

/// Gives a VPC a secondary IPv4 range or takes one away.
pub(super) async fn realize_block(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    match task.step.verb {
        Verb::Create => create_block(task, change).await,
        Verb::Update => Err(unsupported(task.step.verb, &change.key)),
        Verb::Delete => {
            if let Some(association) = &before(change)?.handle.secondary_id {
                disassociate(task, association).await?;
            }
            Ok(StepOutcome::default())
        }
    }
}

async fn create_block(task: &Task<'_>, change: &StepChange) -> Result<StepOutcome, CloudError> {
    let desired: &VpcCidrBlock = after(change)?;
    let vpc = task.handles.resolve(&desired.vpc)?;
    let association = |of: &AwsVpc| {
        let mut blocks = of.cidr_block_association_set().iter();
        let block = blocks.find(|block| block.cidr_block() == Some(&desired.cidr_block))?;
        let state = block.cidr_block_state().and_then(|state| state.state());
        is_there(state).then(|| (block.association_id().map(ToOwned::to_owned), state.cloned()))
    };
    let begun = match task.aws.begun(&change.key) {
        Some(_) => association(&describe(task, &vpc).await?),
        None => None,
    };
    let (id, state) = match begun {
        Some(found) => found,
        None => {
            let request = task.aws.ec2().associate_vpc_cidr_block().vpc_id(&vpc).cidr_block(&desired.cidr_block);
            let look = || async { Ok(association(&describe(task, &vpc).await?)) };
            let take = |answer: aws_sdk_ec2::operation::associate_vpc_cidr_block::AssociateVpcCidrBlockOutput| {
                let block = answer.cidr_block_association?;
                let state = block.cidr_block_state.and_then(|state| state.state);
                Some((block.association_id, state))
            };
            task.aws.create("ec2:AssociateVpcCidrBlock", task.progress, || request.clone().send(), take, look).await?
        }
    };
    let handle = Handle { secondary_id: id, ..Handle::new(&change.key.name) };
    task.aws.begin(&change.key, &handle);
    if state != Some(VpcCidrBlockStateCode::Associated) {
        wait::until("ec2:DescribeVpcs", Poll::QUICK, task.progress, || async {
            Ok(match association(&describe(task, &vpc).await?) {
                Some((_, None | Some(VpcCidrBlockStateCode::Associated))) => Look::Done(()),
                _ => Look::Waiting(format!("{} is being associated", desired.cidr_block)),
            })
        })
        .await?;
    }
    Ok(done(change, handle))
}
