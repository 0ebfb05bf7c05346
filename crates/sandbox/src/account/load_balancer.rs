//! Network load balancers: `CreateLoadBalancer`, the `Set…` calls, `ModifyLoadBalancerAttributes`, `DeleteLoadBalancer`.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::network_interface::Owner;
use super::quota::room;
use super::tagging::{Service, merged};
use super::timer::Event;

/// Seconds until a new load balancer is active.
const ACTIVE_SECONDS: u64 = 120;
/// Seconds until the interfaces of a deleted load balancer are gone.
const RELEASED_SECONDS: u64 = 30;

/// A subnet of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mapping {
    pub(crate) subnet: String,
    #[serde(default)]
    pub(crate) allocation_id: Option<String>,
    #[serde(default)]
    pub(crate) private_ip: Option<String>,
}

/// What `CreateLoadBalancer` is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BalancerSpec {
    pub(crate) name: String,
    pub(crate) scheme: String,
    pub(crate) kind: String,
    pub(crate) ip_address_type: String,
    pub(crate) security_groups: Vec<String>,
    pub(crate) mappings: Vec<Mapping>,
}

/// A network load balancer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadBalancer {
    pub(crate) arn: String,
    pub(crate) spec: BalancerSpec,
    pub(crate) vpc: String,
    pub(crate) dns_name: String,
    pub(crate) dns_zone: String,
    /// `provisioning` or `active`.
    pub(crate) state: String,
    /// Attributes that somebody set.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) tags: Tags,
}

/// A classic load balancer: only for groups to name, and to be found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClassicLoadBalancer {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) vpc: Option<String>,
    pub(crate) tags: Tags,
}

/// Attributes that network load balancers have.
const ATTRIBUTES: &[&str] = &[
    "access_logs.s3.bucket",
    "access_logs.s3.enabled",
    "access_logs.s3.prefix",
    "deletion_protection.enabled",
    "dns_record.client_routing_policy",
    "ipv6.deny_all_igw_traffic",
    "load_balancing.cross_zone.enabled",
    "zonal_shift.config.enabled",
];

pub(crate) fn not_found(arn: &str) -> ApiError {
    ApiError::new("LoadBalancerNotFound", format!("Load balancers '[{arn}]' not found"))
}

impl Account {
    /// The load balancer of this ARN.
    pub(crate) fn load_balancer(&self, arn: &str) -> ApiResult<&LoadBalancer> {
        self.load_balancers.get(arn).ok_or_else(|| not_found(arn))
    }

    /// Hosted zone of the DNS names of network load balancers in the region.
    pub(crate) fn balancer_zone(&self) -> String {
        match self.region.as_str() {
            "us-east-1" => "Z26RNL4JYFTOTI".to_owned(),
            "us-west-2" => "Z18D5FSROUN65G".to_owned(),
            "eu-west-1" => "Z2IFOLAFXWLO4F".to_owned(),
            "eu-central-1" => "Z3F0SRJ5LGBH90".to_owned(),
            region => {
                let digits = super::ids::hex(&super::ids::digest(&["load balancer zone", region]));
                format!("Z{}", digits.get(..13).unwrap_or_default().to_uppercase())
            }
        }
    }

    /// `CreateLoadBalancer`.
    pub(crate) fn create_load_balancer(&mut self, spec: &BalancerSpec, tags: &Tags) -> ApiResult<LoadBalancer> {
        let name = &spec.name;
        let tags = merged(Service::LoadBalancing, &Tags::default(), tags)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let good = (1..=32).contains(&name.len()) && name.chars().all(allowed);
        require(good && !name.starts_with('-') && !name.ends_with('-') && !name.starts_with("internal-"), || {
            let message = format!(
                "The load balancer name '{name}' must have 1 to 32 letters, digits and hyphens and \
                must not begin or end with a hyphen or begin with 'internal-'"
            );
            ApiError::new("ValidationError", message)
        })?;
        let vpc = self.check_balancer(spec)?;
        if let Some(there) = self.load_balancers.values().find(|balancer| balancer.spec.name == *name) {
            let same = there.spec == *spec && there.tags == tags;
            return if same {
                Ok(there.clone())
            } else {
                let message = "A load balancer with the same name exists, but with different settings";
                Err(ApiError::new("DuplicateLoadBalancerName", message))
            };
        }
        let quota = self.quotas.load_balancers;
        room(self.load_balancers.len(), quota, "TooManyLoadBalancers", "network load balancers")?;
        let digits = self.new_digits("loadbalancer", name);
        let arn = self.arn("elasticloadbalancing", &format!("loadbalancer/net/{name}/{digits}"));
        let suffix = if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        for mapping in &spec.mappings {
            self.place_balancer(&arn, name, mapping, &spec.security_groups)?;
        }
        let balancer = LoadBalancer {
            arn: arn.clone(),
            spec: spec.clone(),
            vpc,
            dns_name: format!("{name}-{digits}.elb.{}.{suffix}", self.region),
            dns_zone: self.balancer_zone(),
            state: "provisioning".to_owned(),
            attributes: BTreeMap::new(),
            tags,
        };
        self.load_balancers.insert(arn.clone(), balancer.clone());
        self.after(ACTIVE_SECONDS, Event::LoadBalancerActive(arn));
        Ok(balancer)
    }

    fn place_balancer(&mut self, arn: &str, name: &str, mapping: &Mapping, groups: &[String]) -> ApiResult<()> {
        let description = format!("ELB net/{name}");
        let owner = Owner::LoadBalancer(arn.to_owned());
        let id = self.add_interface(&mapping.subnet, groups, &description, owner, Tags::default())?;
        let public_ip = mapping.allocation_id.as_ref().and_then(|id| self.addresses.get_mut(id)).map(|address| {
            address.interface = Some(id.clone());
            address.public_ip.clone()
        });
        if let Some(interface) = self.network_interfaces.get_mut(&id) {
            interface.public_ip = public_ip;
            if mapping.private_ip.is_some() {
                interface.private_ip.clone_from(&mapping.private_ip);
            }
        }
        Ok(())
    }

    fn check_balancer(&self, spec: &BalancerSpec) -> ApiResult<String> {
        require(spec.kind == "network", || {
            ApiError::new("ValidationError", format!("The sandbox has network load balancers only, not {}", spec.kind))
        })?;
        require(spec.scheme == "internal" || spec.scheme == "internet-facing", || {
            ApiError::new("InvalidScheme", format!("Scheme '{}' is not valid", spec.scheme))
        })?;
        let vpc = self.check_mappings(spec, None)?;
        self.check_balancer_groups(&vpc, &spec.security_groups)?;
        Ok(vpc)
    }

    fn check_balancer_groups(&self, vpc: &str, groups: &[String]) -> ApiResult<()> {
        for id in groups {
            let found = self.security_groups.get(id).is_some_and(|group| group.vpc == vpc);
            require(found, || {
                let message = format!("One or more security groups are invalid: '{id}' does not exist in VPC '{vpc}'");
                ApiError::new("InvalidSecurityGroup", message)
            })?;
        }
        Ok(())
    }

    /// Checks subnets and addresses; returns the VPC.
    fn check_mappings(&self, spec: &BalancerSpec, own: Option<&str>) -> ApiResult<String> {
        require(!spec.mappings.is_empty(), || {
            ApiError::new("ValidationError", "At least one subnet must be specified")
        })?;
        let mut zones = BTreeSet::new();
        let mut vpcs = BTreeSet::new();
        for mapping in &spec.mappings {
            let id = &mapping.subnet;
            let subnet = self
                .subnets
                .get(id)
                .ok_or_else(|| ApiError::new("SubnetNotFound", format!("The subnet ID '{id}' does not exist")))?;
            require(zones.insert(&subnet.zone), || {
                let message = "A load balancer cannot be attached to multiple subnets in the same Availability Zone";
                ApiError::new("InvalidConfigurationRequest", message)
            })?;
            vpcs.insert(subnet.vpc.clone());
            require(spec.ip_address_type != "dualstack" || subnet.ipv6.is_some(), || {
                let message = "You must specify subnets with an associated IPv6 CIDR block.";
                ApiError::new("ValidationError", message)
            })?;
            if let Some(allocation) = &mapping.allocation_id {
                let address = self.addresses.get(allocation).ok_or_else(|| {
                    let message = format!("The allocation IDs '{allocation}' do not exist");
                    ApiError::new("AllocationIdNotFound", message)
                })?;
                let holder = address.interface.as_ref().and_then(|id| self.network_interfaces.get(id));
                let mine =
                    holder.is_some_and(|it| matches!(&it.owner, Owner::LoadBalancer(arn) if Some(arn.as_str()) == own));
                require(address.interface.is_none() || mine, || {
                    let message = format!("The allocation ID '{allocation}' is in use");
                    ApiError::new("ResourceInUse", message)
                })?;
                require(spec.scheme == "internet-facing", || {
                    ApiError::new("InvalidConfigurationRequest", "Internal load balancers have no elastic IP addresses")
                })?;
            }
            if let Some(address) = &mapping.private_ip {
                let range = subnet.cidr.clone().unwrap_or_default();
                require(spec.scheme == "internal" && super::cidr::within(&format!("{address}/32"), &range), || {
                    let message = format!("The private IPv4 address {address} is not valid for '{id}'");
                    ApiError::new("InvalidConfigurationRequest", message)
                })?;
            }
        }
        require(vpcs.len() == 1, || ApiError::new("InvalidSubnet", "The subnets are not all of one VPC"))?;
        let vpc = vpcs.pop_first().unwrap_or_default();
        require(spec.scheme == "internal" || self.has_internet_gateway(&vpc), || {
            ApiError::new("InvalidSubnet", format!("VPC {vpc} has no internet gateway"))
        })?;
        Ok(vpc)
    }

    /// `SetSubnets`, which also sets the address type.
    pub(crate) fn set_subnets(&mut self, arn: &str, mappings: &[Mapping], ip_address_type: &str) -> ApiResult<()> {
        let balancer = self.load_balancer(arn)?;
        let (mappings, ip_address_type) = (mappings.to_vec(), ip_address_type.to_owned());
        let spec = BalancerSpec { mappings: mappings.clone(), ip_address_type, ..balancer.spec.clone() };
        let vpc = self.check_mappings(&spec, Some(arn))?;
        require(vpc == balancer.vpc, || ApiError::new("InvalidSubnet", "The subnets are of another VPC"))?;
        let old = balancer.spec.mappings.clone();
        let stays = |mapping: &Mapping| old.contains(mapping) && mappings.contains(mapping);
        let gone: Vec<&str> = old.iter().filter(|it| !stays(it)).map(|it| it.subnet.as_str()).collect();
        let left: Vec<String> = self
            .network_interfaces
            .values()
            .filter(|it| it.owner == Owner::LoadBalancer(arn.to_owned()) && gone.contains(&it.subnet.as_str()))
            .map(|it| it.id.clone())
            .collect();
        for id in left {
            self.network_interfaces.remove(&id);
            for address in self.addresses.values_mut().filter(|address| address.interface.as_ref() == Some(&id)) {
                address.interface = None;
            }
        }
        for mapping in mappings.iter().filter(|mapping| !stays(mapping)) {
            self.place_balancer(arn, &spec.name, mapping, &spec.security_groups)?;
        }
        if let Some(balancer) = self.load_balancers.get_mut(arn) {
            balancer.spec = spec;
        }
        Ok(())
    }

    /// `SetSecurityGroups`: a load balancer that was made without groups gets none later.
    pub(crate) fn set_security_groups(&mut self, arn: &str, groups: &[String]) -> ApiResult<()> {
        let balancer = self.load_balancer(arn)?;
        require(!balancer.spec.security_groups.is_empty(), || {
            let message = "You can't set security groups on a Network Load Balancer that was created without any";
            ApiError::new("InvalidConfigurationRequest", message)
        })?;
        self.check_balancer_groups(&balancer.vpc, groups)?;
        for interface in self.network_interfaces.values_mut() {
            if interface.owner == Owner::LoadBalancer(arn.to_owned()) {
                interface.groups = groups.to_vec();
            }
        }
        if let Some(balancer) = self.load_balancers.get_mut(arn) {
            balancer.spec.security_groups = groups.to_vec();
        }
        Ok(())
    }

    /// `SetIpAddressType`.
    pub(crate) fn set_ip_address_type(&mut self, arn: &str, kind: &str) -> ApiResult<()> {
        let spec = BalancerSpec { ip_address_type: kind.to_owned(), ..self.load_balancer(arn)?.spec.clone() };
        self.check_mappings(&spec, Some(arn))?;
        if let Some(balancer) = self.load_balancers.get_mut(arn) {
            balancer.spec = spec;
        }
        Ok(())
    }

    /// `ModifyLoadBalancerAttributes`; an empty value takes an attribute back to its default.
    pub(crate) fn modify_load_balancer_attributes(
        &mut self,
        arn: &str,
        attributes: &BTreeMap<String, String>,
    ) -> ApiResult<()> {
        for key in attributes.keys() {
            require(ATTRIBUTES.contains(&key.as_str()), || {
                let message = format!("Load balancer attribute key '{key}' is not recognized");
                ApiError::new("ValidationError", message)
            })?;
        }
        let balancer = self.load_balancers.get_mut(arn).ok_or_else(|| not_found(arn))?;
        for (key, value) in attributes {
            if value.is_empty() {
                balancer.attributes.remove(key);
            } else {
                balancer.attributes.insert(key.clone(), value.clone());
            }
        }
        Ok(())
    }

    /// `DeleteLoadBalancer`, with its listeners; one that does not exist is no error. Its interfaces take their time.
    pub(crate) fn delete_load_balancer(&mut self, arn: &str) -> ApiResult<()> {
        let Some(balancer) = self.load_balancers.get(arn) else { return Ok(()) };
        require(balancer.attributes.get("deletion_protection.enabled").is_none_or(|value| value != "true"), || {
            let message = format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
            ApiError::new("OperationNotPermitted", message)
        })?;
        self.load_balancers.remove(arn);
        self.listeners.retain(|_, listener| listener.load_balancer != arn);
        self.after(RELEASED_SECONDS, Event::InterfacesReleased(arn.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
