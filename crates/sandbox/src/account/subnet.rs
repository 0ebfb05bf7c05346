//! `CreateSubnet`, `ModifySubnetAttribute`, `AssociateSubnetCidrBlock`, `DisassociateSubnetCidrBlock`, `DeleteSubnet`.

use kedge_resource::Tags;
use kedge_resource::kind::PrivateDnsNameOptions;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::cidr;
use super::quota::room;
use super::tagging::{Service, merged};

/// A subnet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    #[serde(default)]
    pub(crate) cidr: Option<String>,
    #[serde(default)]
    pub(crate) ipv6: Option<String>,
    #[serde(default)]
    pub(crate) ipv6_association: Option<String>,
    pub(crate) ipv6_native: bool,
    pub(crate) assign_ipv6: bool,
    pub(crate) dns64: bool,
    pub(crate) naming: PrivateDnsNameOptions,
    pub(crate) tags: Tags,
}

/// One attribute of `ModifySubnetAttribute`, which takes one in each call.
#[derive(Clone, Debug)]
pub(crate) enum SubnetAttribute {
    AssignIpv6AddressOnCreation(bool),
    EnableDns64(bool),
    PrivateDnsHostnameTypeOnLaunch(String),
    EnableResourceNameDnsARecordOnLaunch(bool),
    EnableResourceNameDnsAAAARecordOnLaunch(bool),
}

impl Account {
    /// The subnet of this id.
    pub(crate) fn subnet(&self, id: &str) -> ApiResult<&Subnet> {
        self.subnets.get(id).ok_or_else(|| ApiError::unknown("InvalidSubnetID.NotFound", "subnet", id))
    }

    /// `CreateSubnet`.
    pub(crate) fn create_subnet(
        &mut self,
        vpc: &str,
        zone: &str,
        range: Option<&str>,
        ipv6: Option<&str>,
        native: bool,
        tags: &Tags,
    ) -> ApiResult<Subnet> {
        self.vpc(vpc)?;
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        require(self.availability_zones.iter().any(|known| known == zone), || {
            let zones = self.availability_zones.join(", ");
            ApiError::new(
                "InvalidParameterValue",
                format!(
                    "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be \
                    created in the following availability zones: {zones}."
                ),
            )
        })?;
        require(range.is_some() != native, || {
            ApiError::new("InvalidParameterCombination", "A subnet has either an IPv4 CIDR block or is IPv6 native.")
        })?;
        let range = range.map(|range| self.checked_range(vpc, range)).transpose()?;
        let ipv6 = ipv6.map(|range| self.checked_ipv6_range(vpc, range)).transpose()?;
        require(!native || ipv6.is_some(), || {
            ApiError::new("MissingParameter", "An IPv6 native subnet needs an IPv6 CIDR block.")
        })?;
        let have = self.subnets.values().filter(|subnet| subnet.vpc == vpc).count();
        room(have, self.quotas.subnets_per_vpc, "SubnetLimitExceeded", "subnets of the VPC")?;
        let id = self.new_id("subnet", tags.name().unwrap_or_default());
        let subnet = Subnet {
            id: id.clone(),
            vpc: vpc.to_owned(),
            zone: zone.to_owned(),
            cidr: range,
            ipv6_association: ipv6.as_ref().map(|_| self.new_id("subnet-cidr-assoc", &id)),
            ipv6,
            ipv6_native: native,
            assign_ipv6: false,
            dns64: false,
            naming: default_naming(native),
            tags,
        };
        self.subnets.insert(id, subnet.clone());
        Ok(subnet)
    }

    fn checked_range(&self, vpc: &str, text: &str) -> ApiResult<String> {
        let net = cidr::ipv4("cidrBlock", text)?;
        let range = net.to_string();
        let inside = self.vpc(vpc)?.ranges().any(|outer| cidr::within(&range, outer));
        require((16..=28).contains(&net.prefix_len()) && inside, || {
            ApiError::new("InvalidSubnet.Range", format!("The CIDR '{text}' is invalid."))
        })?;
        self.no_conflict(vpc, &range)?;
        Ok(range)
    }

    fn checked_ipv6_range(&self, vpc: &str, text: &str) -> ApiResult<String> {
        let net = cidr::ipv6("ipv6CidrBlock", text)?;
        let range = net.to_string();
        let inside = self.vpc(vpc)?.ipv6_cidr().is_some_and(|outer| cidr::within(&range, outer));
        require(net.prefix_len() == 64 && inside, || {
            ApiError::new("InvalidSubnet.Range", format!("The IPv6 CIDR '{text}' is invalid."))
        })?;
        self.no_conflict(vpc, &range)?;
        Ok(range)
    }

    fn no_conflict(&self, vpc: &str, range: &str) -> ApiResult<()> {
        let mut others = self.subnets.values().filter(|subnet| subnet.vpc == vpc);
        let conflict = others.any(|subnet| {
            let mut taken = subnet.cidr.iter().chain(&subnet.ipv6);
            taken.any(|taken| cidr::overlap(taken, range))
        });
        require(!conflict, || {
            ApiError::new("InvalidSubnet.Conflict", format!("The CIDR '{range}' conflicts with another subnet"))
        })
    }

    /// `ModifySubnetAttribute`.
    pub(crate) fn modify_subnet_attribute(&mut self, id: &str, attribute: &SubnetAttribute) -> ApiResult<()> {
        self.subnet(id)?;
        let Some(subnet) = self.subnets.get_mut(id) else { return Ok(()) };
        let has_ipv6 = subnet.ipv6.is_some();
        let needs_ipv6 = |on: bool, what: &str| {
            require(!on || has_ipv6, || {
                let message = format!("{what} needs a subnet with an IPv6 CIDR block, and '{id}' has none.");
                ApiError::new("InvalidParameterCombination", message)
            })
        };
        match attribute {
            SubnetAttribute::AssignIpv6AddressOnCreation(on) => {
                needs_ipv6(*on, "AssignIpv6AddressOnCreation")?;
                subnet.assign_ipv6 = *on;
            }
            SubnetAttribute::EnableDns64(on) => {
                needs_ipv6(*on, "EnableDns64")?;
                subnet.dns64 = *on;
            }
            SubnetAttribute::PrivateDnsHostnameTypeOnLaunch(kind) => {
                require(kind == "ip-name" || kind == "resource-name", || {
                    let message = format!("Value ({kind}) for parameter privateDnsHostnameTypeOnLaunch is invalid.");
                    ApiError::new("InvalidParameterValue", message)
                })?;
                require(kind == "resource-name" || !subnet.ipv6_native, || {
                    ApiError::new("InvalidParameterCombination", "An IPv6 native subnet uses resource names.")
                })?;
                kind.clone_into(&mut subnet.naming.hostname_type);
            }
            SubnetAttribute::EnableResourceNameDnsARecordOnLaunch(on) => {
                subnet.naming.enable_resource_name_dns_a_record = *on;
            }
            SubnetAttribute::EnableResourceNameDnsAAAARecordOnLaunch(on) => {
                needs_ipv6(*on, "EnableResourceNameDnsAAAARecordOnLaunch")?;
                subnet.naming.enable_resource_name_dns_aaaa_record = *on;
            }
        }
        Ok(())
    }

    /// `AssociateSubnetCidrBlock`.
    pub(crate) fn associate_subnet_cidr_block(&mut self, id: &str, range: &str) -> ApiResult<()> {
        let subnet = self.subnet(id)?;
        require(subnet.ipv6.is_none(), || {
            ApiError::new("InvalidParameterValue", format!("The subnet '{id}' has an IPv6 CIDR block already."))
        })?;
        let range = self.checked_ipv6_range(&subnet.vpc.clone(), range)?;
        let association = self.new_id("subnet-cidr-assoc", id);
        if let Some(subnet) = self.subnets.get_mut(id) {
            subnet.ipv6 = Some(range);
            subnet.ipv6_association = Some(association);
        }
        Ok(())
    }

    /// `DisassociateSubnetCidrBlock`: not while an interface has an address of it.
    pub(crate) fn disassociate_subnet_cidr_block(&mut self, association: &str) -> ApiResult<()> {
        let mut subnets = self.subnets.values_mut();
        let Some(subnet) = subnets.find(|it| it.ipv6_association.as_deref() == Some(association)) else {
            let code = "InvalidSubnetCidrBlockAssociationID.NotFound";
            return Err(ApiError::unknown(code, "subnet CIDR block association", association));
        };
        let used = self.network_interfaces.values().any(|it| it.subnet == subnet.id && it.ipv6.is_some());
        require(!used && !subnet.ipv6_native, || ApiError::dependency("subnet CIDR block", association))?;
        subnet.ipv6 = None;
        subnet.ipv6_association = None;
        subnet.assign_ipv6 = false;
        Ok(())
    }

    /// `DeleteSubnet`: not while an interface (of an instance, a NAT gateway, a load balancer) is in it.
    pub(crate) fn delete_subnet(&mut self, id: &str) -> ApiResult<()> {
        self.subnet(id)?;
        require(!self.network_interfaces.values().any(|it| it.subnet == id), || ApiError::dependency("subnet", id))?;
        self.subnets.remove(id);
        for table in self.route_tables.values_mut() {
            table.associations.retain(|_, subnet| subnet != id);
        }
        Ok(())
    }
}

/// How AWS names instances of a new subnet.
pub(crate) fn default_naming(native: bool) -> PrivateDnsNameOptions {
    PrivateDnsNameOptions {
        hostname_type: if native { "resource-name" } else { "ip-name" }.to_owned(),
        enable_resource_name_dns_a_record: false,
        enable_resource_name_dns_aaaa_record: false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, pass, subnet, tags, vpc};
    use super::*;

    #[test]
    fn ranges_lie_in_the_vpc_and_apart() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let zone = account.availability_zones[0].clone();
        let mut make = |range| code(account.create_subnet(&id, &zone, Some(range), None, false, &tags("s")));
        assert_eq!(make("10.1.0.0/24"), "InvalidSubnet.Range");
        assert_eq!(make("10.0.0.0/29"), "InvalidSubnet.Range");
        assert!(make("10.0.0.0/24").starts_with("accepted"));
        assert_eq!(make("10.0.0.128/25"), "InvalidSubnet.Conflict");
        let unknown = account.create_subnet(&id, "eu-west-1a", Some("10.0.2.0/24"), None, false, &tags("s"));
        assert_eq!(code(unknown), "InvalidParameterValue");
        let gone = account.create_subnet("vpc-1", &zone, Some("10.0.2.0/24"), None, false, &tags("s"));
        assert_eq!(code(gone), "InvalidVpcID.NotFound");
    }

    #[test]
    fn ipv6_attributes_need_an_ipv6_range() {
        let mut account = account();
        let id = account.create_vpc("10.0.0.0/16", true, &tags("v")).unwrap().id;
        let id4 = subnet(&mut account, &id, 0);
        let dns64 = SubnetAttribute::EnableDns64(true);
        assert_eq!(code(account.modify_subnet_attribute(&id4, &dns64)), "InvalidParameterCombination");
        assert_eq!(code(account.associate_subnet_cidr_block(&id4, "2001:db8::/64")), "InvalidSubnet.Range");
        pass(&mut account, 10);
        let block = account.vpc(&id).unwrap().ipv6_cidr().unwrap().to_owned();
        let range = cidr::subnet_of_56(&block, 1).unwrap();
        account.associate_subnet_cidr_block(&id4, &range).unwrap();
        account.modify_subnet_attribute(&id4, &dns64).unwrap();
        let zone = account.availability_zones[0].clone();
        let native = account.create_subnet(&id, &zone, None, Some(&range), true, &tags("n"));
        assert_eq!(code(native), "InvalidSubnet.Conflict");
        let naming = SubnetAttribute::PrivateDnsHostnameTypeOnLaunch("dns".to_owned());
        assert_eq!(code(account.modify_subnet_attribute(&id4, &naming)), "InvalidParameterValue");
    }

    #[test]
    fn a_subnet_with_an_interface_stays() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let subnet = subnet(&mut account, &id, 0);
        let group = account.create_security_group(&id, "g", "g", &tags("g")).unwrap().id;
        let eni = account.create_network_interface(&subnet, &[group], "by hand", &tags("e")).unwrap();
        assert_eq!(code(account.delete_subnet(&subnet)), "DependencyViolation");
        account.delete_network_interface(&eni).unwrap();
        account.delete_subnet(&subnet).unwrap();
        assert_eq!(code(account.delete_subnet(&subnet)), "InvalidSubnetID.NotFound");
    }
}
