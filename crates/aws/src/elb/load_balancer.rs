//! Network load balancers.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::{
    IpAddressType, LoadBalancer as Raw, LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerTypeEnum,
    SubnetMapping as RawMapping,
};
use futures_util::future::join;
use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::kind::{LoadBalancer, SubnetMapping};
use kedge_resource::{ClusterName, Handle, Kind, Ownership, Ref, Tags, names};

use super::{listener, tags};
use crate::call::incomplete;
use crate::client::Aws;
use crate::observe::Part;
use crate::realize::{Task, after, before, gone, observed, touches};
use crate::shared::{changed_attributes, changed_tags, concerns, entry, found, in_the_way, ownership};

const CREATE: &str = "elasticloadbalancing:CreateLoadBalancer";
const DESCRIBE: &str = "elasticloadbalancing:DescribeLoadBalancers";
const SET_GROUPS: &str = "elasticloadbalancing:SetSecurityGroups";

/// What a new network load balancer has without anybody setting it.
const DEFAULTS: [(&str, &str); 3] = [
    ("access_logs.s3.enabled", "false"),
    ("deletion_protection.enabled", "false"),
    ("load_balancing.cross_zone.enabled", "false"),
];

/// What DNS needs to know of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Balancer {
    /// ARN.
    pub(crate) arn: String,
    /// Its address, in lower case.
    pub(crate) dns_name: String,
    /// Whether the cluster owns it.
    pub(crate) owned: bool,
}

/// A load balancer of the account with its tags.
#[derive(Debug)]
pub(super) struct Listed<'a> {
    raw: &'a Raw,
    arn: String,
    name: String,
    tags: Tags,
    ownership: Ownership,
    /// It stands under a name that kedge gives.
    ours_by_name: bool,
    /// Its tags name the cluster.
    concerned: bool,
}

/// Every load balancer of the account.
pub(super) async fn list(aws: &Aws) -> Result<Vec<Raw>, CloudError> {
    let mut all = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page =
            aws.read(DESCRIBE, || aws.elbv2().describe_load_balancers().set_marker(marker.clone()).send()).await?;
        all.extend(page.load_balancers.unwrap_or_default());
        marker = page.next_marker.filter(|next| !next.is_empty());
        if marker.is_none() {
            return Ok(all);
        }
    }
}

/// Joins load balancers with their tags; one without is gone meanwhile.
pub(super) fn listed<'a>(
    cluster: &ClusterName,
    balancers: &'a [Raw],
    tags: &BTreeMap<String, Tags>,
) -> Vec<Listed<'a>> {
    balancers
        .iter()
        .filter_map(|raw| {
            let arn = raw.load_balancer_arn.clone()?;
            let name = raw.load_balancer_name.clone()?;
            let tags = tags.get(&arn)?.clone();
            let ours_by_name = names::owns_name(Kind::LoadBalancer, cluster, &name);
            let concerned = concerns(cluster, &tags);
            Some(Listed { raw, arn, name, ownership: ownership(cluster, &tags), ours_by_name, concerned, tags })
        })
        .collect()
}

impl Listed<'_> {
    /// Whether it belongs into the inventory.
    pub(super) fn reported(&self) -> bool {
        self.ours_by_name || self.concerned
    }

    /// What DNS needs of it.
    pub(super) fn into_balancer(self) -> Balancer {
        let dns_name = self.raw.dns_name.as_deref().unwrap_or_default().to_ascii_lowercase();
        Balancer { arn: self.arn, dns_name, owned: self.ownership == Ownership::Owned }
    }

    /// Its entry of the inventory, with its listeners.
    pub(super) async fn observe(&self, aws: &Aws) -> Result<Part, CloudError> {
        let mut part = Part::default();
        let key_name = self.tags.name().unwrap_or(&self.name).to_owned();
        let mut attributes = BTreeMap::new();
        if self.ours_by_name {
            let (read, listeners) =
                join(Box::pin(read_attributes(aws, &self.arn)), Box::pin(listener::list(aws, &self.arn))).await;
            attributes = part.accept(&[Kind::LoadBalancer], found(read))?.unwrap_or_default();
            let listeners = part.accept(&[Kind::Listener], found(listeners))?.unwrap_or_default();
            part.resources.extend(
                listeners.iter().filter_map(|raw| listener::observed(raw, &key_name, &self.arn, self.ownership)),
            );
        }
        let properties = properties(self.raw, &self.name, attributes, self.tags.clone());
        part.resources.push(entry(
            Kind::LoadBalancer,
            key_name,
            handle(self.raw, &self.arn),
            self.ownership,
            properties,
        ));
        Ok(part)
    }
}

async fn read_attributes(aws: &Aws, arn: &str) -> Result<BTreeMap<String, String>, CloudError> {
    let answer = aws
        .read("elasticloadbalancing:DescribeLoadBalancerAttributes", || {
            aws.elbv2().describe_load_balancer_attributes().load_balancer_arn(arn).send()
        })
        .await?;
    let attributes = answer.attributes.unwrap_or_default();
    Ok(attributes.into_iter().filter_map(|attribute| Some((attribute.key?, attribute.value?))).collect())
}

fn handle(raw: &Raw, arn: &str) -> Handle {
    Handle { dns_name: raw.dns_name.clone(), dns_zone: raw.canonical_hosted_zone_id.clone(), ..Handle::new(arn) }
}

fn properties(raw: &Raw, name: &str, attributes: BTreeMap<String, String>, tags: Tags) -> LoadBalancer {
    let mut security_groups: Vec<_> =
        raw.security_groups.iter().flatten().map(|group| Ref::existing(group.clone())).collect();
    security_groups.sort();
    let mut subnet_mappings: Vec<_> = raw
        .availability_zones
        .iter()
        .flatten()
        .filter_map(|zone| {
            let addresses = zone.load_balancer_addresses.as_deref().unwrap_or_default();
            Some(SubnetMapping {
                subnet: Ref::existing(zone.subnet_id.clone()?),
                allocation_id: addresses.iter().find_map(|a| a.allocation_id.clone()).map(Ref::existing),
                private_ipv4_address: addresses.iter().find_map(|a| a.private_ipv4_address.clone()),
            })
        })
        .collect();
    subnet_mappings.sort();
    LoadBalancer {
        name: name.to_owned(),
        scheme: raw.scheme.as_ref().map(|scheme| scheme.as_str().to_owned()).unwrap_or_default(),
        type_: raw.r#type.as_ref().map(|type_| type_.as_str().to_owned()).unwrap_or_default(),
        ip_address_type: raw.ip_address_type.as_ref().map_or("ipv4", IpAddressType::as_str).to_owned(),
        security_groups,
        subnet_mappings,
        load_balancer_attributes: attributes,
        tags,
    }
}

/// Makes it, unless there is one of its name: then that is made to be as wanted, if it is the cluster's.
///
/// AWS answers a request with the load balancer that exists if it has the same settings, whosever it is, and the inventory
/// knows one of somebody else by another name than this one's: so what is there is looked at first.
pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let aws = task.aws;
    let wanted: &LoadBalancer = after(change)?;
    if let Some(present) = by_name(aws, &wanted.name).await? {
        return adopt(task, change, wanted, present).await;
    }
    let groups = security_groups(task, wanted)?;
    let mappings = mappings(task, wanted)?;
    let answer = aws
        .write_settling(CREATE, task.progress, || {
            aws.elbv2()
                .create_load_balancer()
                .name(&wanted.name)
                .r#type(LoadBalancerTypeEnum::from(wanted.type_.as_str()))
                .scheme(LoadBalancerSchemeEnum::from(wanted.scheme.as_str()))
                .ip_address_type(IpAddressType::from(wanted.ip_address_type.as_str()))
                .set_security_groups((!groups.is_empty()).then(|| groups.clone()))
                .set_subnet_mappings(Some(mappings.clone()))
                .set_tags(tags::request(&wanted.tags))
                .send()
        })
        .await;
    match answer {
        Ok(answer) => {
            let raw = answer.load_balancers.unwrap_or_default().into_iter().next().ok_or_else(|| incomplete(CREATE))?;
            let arn = raw.load_balancer_arn.clone().ok_or_else(|| incomplete(CREATE))?;
            set_attributes(task, &arn, &without_defaults(&wanted.load_balancer_attributes)).await?;
            Ok(handle(&raw, &arn))
        }
        // made in the meantime, or by a request whose answer was lost
        Err(error) if error.class == ErrorClass::AlreadyExists => match by_name(aws, &wanted.name).await? {
            Some(present) => adopt(task, change, wanted, present).await,
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Makes a load balancer that exists what it shall be.
async fn adopt(
    task: &Task<'_>,
    change: &StepChange,
    wanted: &LoadBalancer,
    (raw, arn, has): (Raw, String, Tags),
) -> Result<Handle, CloudError> {
    if !has.owned_by(task.cluster) {
        return Err(in_the_way(CREATE, &change.key, task.cluster));
    }
    if raw.scheme.as_ref().map(LoadBalancerSchemeEnum::as_str) != Some(wanted.scheme.as_str()) {
        let message = format!("a load balancer named {} with another scheme exists", wanted.name);
        return Err(CloudError::new(ErrorClass::Conflict, CREATE, message).with_hint("plan again"));
    }
    let groups = security_groups(task, wanted)?;
    let present = properties(&raw, &wanted.name, BTreeMap::new(), Tags::default());
    let same_subnets =
        present.ip_address_type == wanted.ip_address_type && stands_in(&present, &mappings(task, wanted)?);
    if !same_subnets {
        set_subnets(task, &arn, wanted).await?;
    }
    let same_groups = present.security_groups.len() == groups.len()
        && present.security_groups.iter().all(|group| groups.iter().any(|wanted| wanted == group.bare()));
    if !same_groups {
        can_get_groups(&present, &groups)?;
        set_groups(task, &arn, &groups).await?;
    }
    set_attributes(task, &arn, &wanted.load_balancer_attributes).await?;
    tags::set(task.aws, &arn, &changed_tags(&has, &wanted.tags)).await?;
    Ok(handle(&raw, &arn))
}

/// Whether a load balancer stands in these subnets, with the addresses that are asked for.
fn stands_in(present: &LoadBalancer, wanted: &[RawMapping]) -> bool {
    present.subnet_mappings.len() == wanted.len()
        && wanted.iter().all(|wanted| {
            present.subnet_mappings.iter().any(|present| {
                let allocation = present.allocation_id.as_ref().map(Ref::bare);
                wanted.subnet_id() == Some(present.subnet.bare())
                    && wanted.allocation_id().is_none_or(|wanted| Some(wanted) == allocation)
                    && wanted
                        .private_ipv4_address()
                        .is_none_or(|wanted| Some(wanted) == present.private_ipv4_address.as_deref())
            })
        })
}

/// AWS takes security groups only for a network load balancer that was made with some.
fn can_get_groups(has: &LoadBalancer, groups: &[String]) -> Result<(), CloudError> {
    if !has.security_groups.is_empty() || groups.is_empty() || has.type_ != LoadBalancerTypeEnum::Network.as_str() {
        return Ok(());
    }
    let message =
        format!("{} was made without security groups, and a network load balancer cannot get any later", has.name);
    let hint = "remove the load balancer, and apply again: it is made anew, with security groups and another address";
    Err(CloudError::new(ErrorClass::Conflict, SET_GROUPS, message).with_hint(hint))
}

/// Changes what `fields` names.
pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let aws = task.aws;
    let wanted: &LoadBalancer = after(change)?;
    let had: &LoadBalancer = observed(change)?;
    let handle = before(change)?.handle.clone();
    let arn = &handle.id;
    if touches(change, "SubnetMappings") {
        set_subnets(task, arn, wanted).await?;
    } else if touches(change, "IpAddressType") {
        aws.write_settling("elasticloadbalancing:SetIpAddressType", task.progress, || {
            let type_ = IpAddressType::from(wanted.ip_address_type.as_str());
            aws.elbv2().set_ip_address_type().load_balancer_arn(arn).ip_address_type(type_).send()
        })
        .await?;
    }
    if touches(change, "SecurityGroups") {
        let groups = security_groups(task, wanted)?;
        can_get_groups(had, &groups)?;
        set_groups(task, arn, &groups).await?;
    }
    if touches(change, "LoadBalancerAttributes") {
        let attributes = changed_attributes(&had.load_balancer_attributes, &wanted.load_balancer_attributes);
        set_attributes(task, arn, &attributes).await?;
    }
    if touches(change, "Tags") {
        tags::set(aws, arn, &changed_tags(&had.tags, &wanted.tags)).await?;
    }
    Ok(handle)
}

/// Removes it with its listeners. AWS answers with success when it is gone already.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let aws = task.aws;
    let arn = &before(change)?.handle.id;
    let answer = aws
        .write_idempotent("elasticloadbalancing:DeleteLoadBalancer", || {
            aws.elbv2().delete_load_balancer().load_balancer_arn(arn).send()
        })
        .await;
    gone(answer).map_err(|error| match error.class {
        ErrorClass::Conflict => error.with_hint("if deletion protection is on, switch it off first"),
        _ => error,
    })
}

/// Ids of a load balancer that something else names by its ARN.
pub(crate) async fn handle_of(aws: &Aws, arn: &str) -> Result<Handle, CloudError> {
    let answer = aws.read(DESCRIBE, || aws.elbv2().describe_load_balancers().load_balancer_arns(arn).send()).await?;
    let raw = answer.load_balancers.unwrap_or_default().into_iter().next().ok_or_else(|| incomplete(DESCRIBE))?;
    Ok(handle(&raw, arn))
}

async fn by_name(aws: &Aws, name: &str) -> Result<Option<(Raw, String, Tags)>, CloudError> {
    let answer = found(aws.read(DESCRIBE, || aws.elbv2().describe_load_balancers().names(name).send()).await)?;
    let Some(raw) = answer.and_then(|answer| answer.load_balancers.unwrap_or_default().into_iter().next()) else {
        return Ok(None);
    };
    let Some(arn) = raw.load_balancer_arn.clone() else { return Ok(None) };
    let tags = tags::describe(aws, std::slice::from_ref(&arn)).await?.remove(&arn).unwrap_or_default();
    Ok(Some((raw, arn, tags)))
}

fn security_groups(task: &Task<'_>, wanted: &LoadBalancer) -> Result<Vec<String>, CloudError> {
    wanted.security_groups.iter().map(|group| task.handles.resolve(group)).collect()
}

fn mappings(task: &Task<'_>, wanted: &LoadBalancer) -> Result<Vec<RawMapping>, CloudError> {
    wanted
        .subnet_mappings
        .iter()
        .map(|mapping| {
            let address = mapping.allocation_id.as_ref().map(|address| task.handles.resolve(address)).transpose()?;
            Ok(RawMapping::builder()
                .subnet_id(task.handles.resolve(&mapping.subnet)?)
                .set_allocation_id(address)
                .set_private_ipv4_address(mapping.private_ipv4_address.clone())
                .build())
        })
        .collect()
}

async fn set_subnets(task: &Task<'_>, arn: &str, wanted: &LoadBalancer) -> Result<(), CloudError> {
    let mappings = mappings(task, wanted)?;
    task.aws
        .write_settling("elasticloadbalancing:SetSubnets", task.progress, || {
            task.aws
                .elbv2()
                .set_subnets()
                .load_balancer_arn(arn)
                .set_subnet_mappings(Some(mappings.clone()))
                .ip_address_type(IpAddressType::from(wanted.ip_address_type.as_str()))
                .send()
        })
        .await?;
    Ok(())
}

async fn set_groups(task: &Task<'_>, arn: &str, groups: &[String]) -> Result<(), CloudError> {
    task.aws
        .write_settling(SET_GROUPS, task.progress, || {
            let groups = Some(groups.to_vec());
            task.aws.elbv2().set_security_groups().load_balancer_arn(arn).set_security_groups(groups).send()
        })
        .await?;
    Ok(())
}

async fn set_attributes(task: &Task<'_>, arn: &str, attributes: &BTreeMap<String, String>) -> Result<(), CloudError> {
    let aws = task.aws;
    if attributes.is_empty() {
        return Ok(());
    }
    let attributes: Vec<_> =
        attributes.iter().map(|(key, value)| LoadBalancerAttribute::builder().key(key).value(value).build()).collect();
    aws.write_settling("elasticloadbalancing:ModifyLoadBalancerAttributes", task.progress, || {
        let attributes = Some(attributes.clone());
        aws.elbv2().modify_load_balancer_attributes().load_balancer_arn(arn).set_attributes(attributes).send()
    })
    .await?;
    Ok(())
}

/// The attributes that a new load balancer does not have anyway.
fn without_defaults(attributes: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let defaults = DEFAULTS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    changed_attributes(&defaults, attributes)
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{AvailabilityZone, LoadBalancerAddress};

    use super::*;

    fn raw(name: &str) -> Raw {
        let zone = |subnet: &str, allocation: Option<&str>| {
            let address = allocation.map(|id| LoadBalancerAddress::builder().allocation_id(id).build());
            AvailabilityZone::builder()
                .subnet_id(subnet)
                .set_load_balancer_addresses(Some(address.into_iter().collect()))
                .build()
        };
        Raw::builder()
            .load_balancer_name(name)
            .load_balancer_arn(format!("arn:{name}"))
            .dns_name("API-1.elb.amazonaws.com")
            .canonical_hosted_zone_id("Z26")
            .scheme(LoadBalancerSchemeEnum::InternetFacing)
            .r#type(LoadBalancerTypeEnum::Network)
            .security_groups("sg-2")
            .security_groups("sg-1")
            .availability_zones(zone("subnet-b", None))
            .availability_zones(zone("subnet-a", Some("eipalloc-1")))
            .build()
    }

    #[test]
    fn lists_are_in_order_and_addresses_with_their_subnets() {
        let balancer = properties(&raw("api"), "api", BTreeMap::new(), Tags::default());
        assert_eq!(balancer.security_groups, [Ref::existing("sg-1"), Ref::existing("sg-2")]);
        assert_eq!(balancer.subnet_mappings[0].allocation_id, Some(Ref::existing("eipalloc-1")));
        assert_eq!(balancer.subnet_mappings[1].subnet, Ref::existing("subnet-b"));
        assert_eq!((balancer.ip_address_type.as_str(), balancer.type_.as_str()), ("ipv4", "network"));
    }

    #[test]
    fn subnets_are_the_same_with_the_addresses_that_are_asked_for() {
        let balancer = properties(&raw("api"), "api", BTreeMap::new(), Tags::default());
        let in_a = |address: Option<&str>| {
            RawMapping::builder().subnet_id("subnet-a").set_allocation_id(address.map(ToOwned::to_owned)).build()
        };
        let in_b = || RawMapping::builder().subnet_id("subnet-b").build();
        assert!(stands_in(&balancer, &[in_a(Some("eipalloc-1")), in_b()]));
        assert!(stands_in(&balancer, &[in_b(), in_a(None)]));
        assert!(!stands_in(&balancer, &[in_a(Some("eipalloc-2")), in_b()]));
        assert!(!stands_in(&balancer, &[in_b()]));
        assert!(!stands_in(&balancer, &[in_b(), RawMapping::builder().subnet_id("subnet-c").build()]));
    }

    #[test]
    fn one_made_without_security_groups_cannot_get_any() {
        let mut balancer = properties(&raw("api"), "api", BTreeMap::new(), Tags::default());
        let groups = ["sg-3".to_owned()];
        assert_eq!(can_get_groups(&balancer, &groups), Ok(()));
        balancer.security_groups.clear();
        assert_eq!(can_get_groups(&balancer, &[]), Ok(()));
        let error = can_get_groups(&balancer, &groups).unwrap_err();
        assert_eq!(error.class, ErrorClass::Conflict);
        assert!(error.message.contains("without security groups"), "{error}");
    }

    #[test]
    fn only_tagged_or_named_ones_are_the_clusters() {
        let cluster = ClusterName::parse("minimal.example.com").unwrap();
        let balancers = [raw("api-minimal-example-com-gecgf7"), raw("a1b2c3"), raw("other")];
        let tags = BTreeMap::from([
            ("arn:api-minimal-example-com-gecgf7".to_owned(), Tags::default()),
            ("arn:a1b2c3".to_owned(), Tags::standard(&cluster, "service")),
            ("arn:other".to_owned(), Tags::default()),
        ]);
        let listed = listed(&cluster, &balancers, &tags);
        let reported: Vec<_> = listed.iter().map(|one| (one.reported(), one.ownership)).collect();
        assert_eq!(reported, [(true, Ownership::Foreign), (true, Ownership::Owned), (false, Ownership::Foreign)]);
    }

    #[test]
    fn defaults_are_not_set_again() {
        let attributes = BTreeMap::from([("load_balancing.cross_zone.enabled".to_owned(), "false".to_owned())]);
        assert!(without_defaults(&attributes).is_empty());
        let attributes = BTreeMap::from([("load_balancing.cross_zone.enabled".to_owned(), "true".to_owned())]);
        assert_eq!(without_defaults(&attributes), attributes);
    }
}
