//! Network interfaces: those of instances, gateways and load balancers, and those that somebody makes
//! (`CreateNetworkInterface`, `DeleteNetworkInterface`). They are what holds subnets and security groups in place.

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::cidr;
use super::quota::room;
use super::tagging::{Service, merged};

/// What an interface belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Owner {
    /// Nothing: it was made by itself.
    Nobody,
    Instance(String),
    NatGateway(String),
    LoadBalancer(String),
}

/// A network interface.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NetworkInterface {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) subnet: String,
    #[serde(default)]
    pub(crate) private_ip: Option<String>,
    #[serde(default)]
    pub(crate) public_ip: Option<String>,
    #[serde(default)]
    pub(crate) ipv6: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) description: String,
    pub(crate) owner: Owner,
    pub(crate) tags: Tags,
}

impl NetworkInterface {
    /// `available` or `in-use`.
    pub(crate) fn status(&self) -> &'static str {
        if self.owner == Owner::Nobody { "available" } else { "in-use" }
    }
}

impl Account {
    /// Puts an interface into a subnet, with a private address of it.
    pub(crate) fn add_interface(
        &mut self,
        subnet: &str,
        groups: &[String],
        description: &str,
        owner: Owner,
        tags: Tags,
    ) -> ApiResult<String> {
        let place = self.subnet(subnet)?.clone();
        self.groups_of_vpc(&place.vpc, groups)?;
        let quota = self.quotas.security_groups_per_interface;
        room(groups.len().saturating_sub(1), quota, "SecurityGroupsPerInterfaceLimitExceeded", "security groups")?;
        let name = format!("{subnet} {description}");
        let wish = self.new_number("private-ip", &name);
        let taken = |address: &str| {
            let mut others = self.network_interfaces.values().filter(|other| other.subnet == subnet);
            others.any(|other| other.private_ip.as_deref() == Some(address))
        };
        let private_ip = match &place.cidr {
            Some(range) => Some(cidr::free_address(range, wish, taken).ok_or_else(|| {
                let message = format!("subnet {subnet} has no free addresses left");
                ApiError::new("InsufficientFreeAddressesInSubnet", message)
            })?),
            None => None,
        };
        let ipv6 = place.ipv6.as_ref().filter(|_| place.assign_ipv6).and_then(|range| cidr::ipv6_address(range, wish));
        let id = self.new_id("eni", &name);
        let interface = NetworkInterface {
            id: id.clone(),
            vpc: place.vpc,
            subnet: subnet.to_owned(),
            private_ip,
            public_ip: None,
            ipv6,
            groups: groups.to_vec(),
            description: description.to_owned(),
            owner,
            tags,
        };
        self.network_interfaces.insert(id.clone(), interface);
        Ok(id)
    }

    /// Removes the interfaces of something that is gone, and frees the addresses that they had.
    pub(crate) fn release_interfaces(&mut self, owner: &str) {
        let gone: Vec<String> = self
            .network_interfaces
            .values()
            .filter(|interface| match &interface.owner {
                Owner::Nobody => false,
                Owner::Instance(id) | Owner::NatGateway(id) | Owner::LoadBalancer(id) => id == owner,
            })
            .map(|interface| interface.id.clone())
            .collect();
        for id in gone {
            self.network_interfaces.remove(&id);
            for address in self.addresses.values_mut().filter(|address| address.interface.as_ref() == Some(&id)) {
                address.interface = None;
            }
        }
    }

    /// `CreateNetworkInterface`.
    pub(crate) fn create_network_interface(
        &mut self,
        subnet: &str,
        groups: &[String],
        description: &str,
        tags: &Tags,
    ) -> ApiResult<String> {
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        self.add_interface(subnet, groups, description, Owner::Nobody, tags)
    }

    /// `DeleteNetworkInterface`: only a detached one.
    pub(crate) fn delete_network_interface(&mut self, id: &str) -> ApiResult<()> {
        let interface = self.network_interfaces.get(id).ok_or_else(|| {
            ApiError::new(
                "InvalidNetworkInterfaceID.NotFound",
                format!("The networkInterface ID '{id}' does not exist"),
            )
        })?;
        require(interface.owner == Owner::Nobody, || {
            let message = format!("Network interface '{id}' is currently in use.");
            ApiError::new("InvalidParameterValue", message)
        })?;
        self.network_interfaces.remove(id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, gateway, subnet, tags, vpc};
    use super::*;

    #[test]
    fn interfaces_in_use_are_not_deleted() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        gateway(&mut account, &id);
        let subnet = subnet(&mut account, &id, 0);
        let address = account.allocate_address(&tags("a")).unwrap().allocation_id;
        account.create_nat_gateway(&subnet, &address, &tags("n"), None).unwrap();
        let eni = account.network_interfaces.keys().next().unwrap().clone();
        assert_eq!(code(account.delete_network_interface(&eni)), "InvalidParameterValue");
        assert_eq!(code(account.delete_network_interface("eni-1")), "InvalidNetworkInterfaceID.NotFound");
    }

    #[test]
    fn addresses_run_out() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let zone = account.availability_zones[0].clone();
        let small = account.create_subnet(&id, &zone, Some("10.0.0.0/28"), None, false, &tags("s")).unwrap().id;
        for number in 0..11 {
            account.create_network_interface(&small, &[], &number.to_string(), &Tags::default()).unwrap();
        }
        let more = account.create_network_interface(&small, &[], "more", &Tags::default());
        assert_eq!(code(more), "InsufficientFreeAddressesInSubnet");
        let foreign = account.create_network_interface(&small, &["sg-1".to_owned()], "x", &Tags::default());
        assert_eq!(code(foreign), "InvalidGroup.NotFound");
    }
}
