//! `CreateVpc`, `ModifyVpcAttribute`, `AssociateVpcCidrBlock`, `DisassociateVpcCidrBlock`, `DeleteVpc`.

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::cidr;
use super::quota::room;
use super::route_table::RouteTable;
use super::security_group::SecurityGroup;
use super::tagging::{Service, merged};
use super::timer::Event;

/// Seconds until a range is associated.
const ASSOCIATION_SECONDS: u64 = 4;

/// A VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Vpc {
    pub(crate) id: String,
    pub(crate) cidr: String,
    /// Secondary IPv4 ranges.
    #[serde(default)]
    pub(crate) blocks: Vec<Block>,
    #[serde(default)]
    pub(crate) ipv6: Option<Block>,
    pub(crate) dns_support: bool,
    pub(crate) dns_hostnames: bool,
    /// Id of the option set, or `default`.
    pub(crate) dhcp_options: String,
    pub(crate) tags: Tags,
}

/// A range of a VPC.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Block {
    pub(crate) association_id: String,
    pub(crate) cidr: String,
    /// `associating` or `associated`.
    pub(crate) state: String,
}

impl Vpc {
    /// All IPv4 ranges that subnets may lie in.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = &str> {
        let more = self.blocks.iter().filter(|block| block.state == "associated").map(|block| block.cidr.as_str());
        std::iter::once(self.cidr.as_str()).chain(more)
    }

    /// The IPv6 range, once AWS has assigned it.
    pub(crate) fn ipv6_cidr(&self) -> Option<&str> {
        self.ipv6.as_ref().filter(|block| block.state == "associated").map(|block| block.cidr.as_str())
    }
}

fn valid_range(text: &str) -> ApiResult<String> {
    let net = cidr::ipv4("cidrBlock", text)?;
    require((16..=28).contains(&net.prefix_len()), || {
        ApiError::new("InvalidVpc.Range", format!("The CIDR '{text}' is invalid."))
    })?;
    Ok(net.to_string())
}

impl Account {
    /// The VPC of this id.
    pub(crate) fn vpc(&self, id: &str) -> ApiResult<&Vpc> {
        self.vpcs.get(id).ok_or_else(|| ApiError::unknown("InvalidVpcID.NotFound", "vpc", id))
    }

    fn vpc_mut(&mut self, id: &str) -> ApiResult<&mut Vpc> {
        self.vpcs.get_mut(id).ok_or_else(|| ApiError::unknown("InvalidVpcID.NotFound", "vpc", id))
    }

    /// `CreateVpc`: with it come the main route table and the default security group.
    pub(crate) fn create_vpc(&mut self, range: &str, ipv6: bool, tags: &Tags) -> ApiResult<Vpc> {
        let range = valid_range(range)?;
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        room(self.vpcs.len(), self.quotas.vpcs, "VpcLimitExceeded", "VPCs")?;
        let name = tags.name().unwrap_or_default().to_owned();
        let id = self.new_id("vpc", &name);
        Ok(self.put_vpc(&id, &range, ipv6, tags))
    }

    /// Puts a VPC under a given id into the account, with what belongs to every VPC.
    pub(crate) fn put_vpc(&mut self, id: &str, range: &str, ipv6: bool, tags: Tags) -> Vpc {
        let vpc = Vpc {
            id: id.to_owned(),
            cidr: range.to_owned(),
            blocks: Vec::new(),
            ipv6: ipv6.then(|| self.new_ipv6_block(id)),
            dns_support: true,
            dns_hostnames: false,
            dhcp_options: "default".to_owned(),
            tags,
        };
        self.vpcs.insert(id.to_owned(), vpc.clone());
        if ipv6 {
            self.after(ASSOCIATION_SECONDS, Event::VpcBlocksAssociated(id.to_owned()));
        }
        let table = self.new_id("rtb", &format!("{id} main"));
        self.route_tables.insert(table.clone(), RouteTable::new(&table, id, true, Tags::default()));
        let group = self.new_id("sg", &format!("{id} default"));
        let default = SecurityGroup::new(&group, id, "default", "default VPC security group", Tags::default());
        self.security_groups.insert(group.clone(), default);
        self.put_default_egress(&group);
        vpc
    }

    fn new_ipv6_block(&mut self, vpc: &str) -> Block {
        let number = self.new_number("ipv6-block", vpc);
        let (high, low) = (number >> 16, (number & 0xff) << 8);
        Block {
            association_id: self.new_id("vpc-cidr-assoc", vpc),
            cidr: cidr::canonical(&format!("2600:1f{:02x}:{high:x}:{low:x}::/56", number >> 8 & 0xff)),
            state: "associating".to_owned(),
        }
    }

    pub(crate) fn vpc_blocks_associated(&mut self, id: &str) {
        if let Some(vpc) = self.vpcs.get_mut(id) {
            for block in vpc.blocks.iter_mut().chain(vpc.ipv6.as_mut()) {
                "associated".clone_into(&mut block.state);
            }
        }
    }

    /// `ModifyVpcAttribute` with `EnableDnsSupport`.
    pub(crate) fn modify_vpc_dns_support(&mut self, id: &str, on: bool) -> ApiResult<()> {
        self.vpc_mut(id)?.dns_support = on;
        Ok(())
    }

    /// `ModifyVpcAttribute` with `EnableDnsHostnames`.
    pub(crate) fn modify_vpc_dns_hostnames(&mut self, id: &str, on: bool) -> ApiResult<()> {
        let vpc = self.vpc_mut(id)?;
        require(!on || vpc.dns_support, || {
            ApiError::new(
                "InvalidParameterCombination",
                "enableDnsHostnames requires enableDnsSupport to be enabled on the VPC",
            )
        })?;
        vpc.dns_hostnames = on;
        Ok(())
    }

    /// `AssociateVpcCidrBlock` with an IPv4 range.
    pub(crate) fn associate_vpc_cidr_block(&mut self, id: &str, range: &str) -> ApiResult<Block> {
        let range = valid_range(range)?;
        let vpc = self.vpc(id)?;
        let used = std::iter::once(vpc.cidr.as_str()).chain(vpc.blocks.iter().map(|block| block.cidr.as_str()));
        require(!used.clone().any(|other| cidr::overlap(other, &range)), || {
            ApiError::new(
                "InvalidVpc.Range",
                format!("The CIDR '{range}' conflicts with a CIDR that the VPC '{id}' has already."),
            )
        })?;
        room(used.count(), self.quotas.cidr_blocks_per_vpc, "CidrLimitExceeded", "CIDR blocks of the VPC")?;
        let association_id = self.new_id("vpc-cidr-assoc", &format!("{id} {range}"));
        let block = Block { association_id, cidr: range, state: "associating".to_owned() };
        self.vpc_mut(id)?.blocks.push(block.clone());
        self.after(ASSOCIATION_SECONDS, Event::VpcBlocksAssociated(id.to_owned()));
        Ok(block)
    }

    /// `AssociateVpcCidrBlock` with an IPv6 range of Amazon's.
    pub(crate) fn associate_vpc_ipv6_block(&mut self, id: &str) -> ApiResult<()> {
        require(self.vpc(id)?.ipv6.is_none(), || {
            ApiError::new("CidrLimitExceeded", format!("The VPC '{id}' has an IPv6 CIDR block of Amazon's already."))
        })?;
        let block = self.new_ipv6_block(id);
        self.vpc_mut(id)?.ipv6 = Some(block);
        self.after(ASSOCIATION_SECONDS, Event::VpcBlocksAssociated(id.to_owned()));
        Ok(())
    }

    /// `DisassociateVpcCidrBlock`.
    pub(crate) fn disassociate_vpc_cidr_block(&mut self, association: &str) -> ApiResult<()> {
        let unknown = || {
            ApiError::unknown("InvalidVpcCidrBlockAssociationID.NotFound", "vpc CIDR block association", association)
        };
        let vpc = self
            .vpcs
            .values()
            .find(|vpc| vpc.blocks.iter().chain(vpc.ipv6.as_ref()).any(|block| block.association_id == association))
            .ok_or_else(unknown)?;
        let id = vpc.id.clone();
        let block = vpc.blocks.iter().chain(vpc.ipv6.as_ref()).find(|block| block.association_id == association);
        let range = block.map(|block| block.cidr.clone()).unwrap_or_default();
        let used = self.subnets.values().filter(|subnet| subnet.vpc == id).any(|subnet| {
            let cidrs = subnet.cidr.iter().chain(subnet.ipv6.as_ref());
            cidrs.into_iter().any(|cidr| cidr::within(cidr, &range))
        });
        require(!used, || {
            ApiError::new("DependencyViolation", format!("The CIDR '{range}' of '{id}' is in use by a subnet."))
        })?;
        let vpc = self.vpc_mut(&id)?;
        vpc.blocks.retain(|block| block.association_id != association);
        if vpc.ipv6.as_ref().is_some_and(|block| block.association_id == association) {
            vpc.ipv6 = None;
        }
        Ok(())
    }

    /// `DeleteVpc`: only an empty one, but for what came with it.
    pub(crate) fn delete_vpc(&mut self, id: &str) -> ApiResult<()> {
        self.vpc(id)?;
        let used = self.subnets.values().any(|it| it.vpc == id)
            || self.internet_gateways.values().any(|it| it.vpc.as_deref() == Some(id))
            || self.egress_only_gateways.values().any(|it| it.vpc == id)
            || self.route_tables.values().any(|it| it.vpc == id && !it.main)
            || self.security_groups.values().any(|it| it.vpc == id && it.name != "default")
            || self.network_interfaces.values().any(|it| it.vpc == id);
        require(!used, || ApiError::dependency("vpc", id))?;
        self.vpcs.remove(id);
        self.route_tables.retain(|_, it| it.vpc != id);
        self.security_groups.retain(|_, it| it.vpc != id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, tags, vpc};
    use super::*;

    #[test]
    fn ranges_and_quotas_are_checked() {
        let mut account = account();
        assert_eq!(code(account.create_vpc("10.0.0.0/8", false, &Tags::default())), "InvalidVpc.Range");
        assert_eq!(code(account.create_vpc("10.0.0/8", false, &Tags::default())), "InvalidParameterValue");
        for number in 0..5 {
            account.create_vpc("10.0.0.0/16", false, &tags(&format!("v{number}"))).unwrap();
        }
        assert_eq!(code(account.create_vpc("10.0.0.0/16", false, &tags("v5"))), "VpcLimitExceeded");
    }

    #[test]
    fn a_vpc_with_anything_in_it_stays() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let gateway = account.create_internet_gateway(&tags("v")).unwrap().id;
        account.attach_internet_gateway(&gateway, &id).unwrap();
        assert_eq!(code(account.delete_vpc(&id)), "DependencyViolation");
        account.detach_internet_gateway(&gateway, &id).unwrap();
        let table = account.create_route_table(&id, &tags("v")).unwrap().id;
        assert_eq!(code(account.delete_vpc(&id)), "DependencyViolation");
        account.delete_route_table(&table).unwrap();
        let group = account.create_security_group(&id, "nodes", "nodes", &tags("v")).unwrap().id;
        assert_eq!(code(account.delete_vpc(&id)), "DependencyViolation");
        account.delete_security_group(&group).unwrap();
        let gateway = account.create_egress_only_gateway(&id, &tags("v"), None).unwrap().id;
        assert_eq!(code(account.delete_vpc(&id)), "DependencyViolation");
        account.delete_egress_only_gateway(&gateway).unwrap();
        account.delete_vpc(&id).unwrap();
        assert!(account.route_tables.is_empty() && account.security_groups.is_empty());
        assert_eq!(code(account.delete_vpc(&id)), "InvalidVpcID.NotFound");
    }

    #[test]
    fn an_ipv6_range_takes_a_while() {
        let mut account = account();
        let id = account.create_vpc("10.0.0.0/16", true, &tags("v")).unwrap().id;
        assert_eq!(account.vpc(&id).unwrap().ipv6_cidr(), None);
        account.now_ms += 10_000;
        assert!(account.settle());
        assert!(account.vpc(&id).unwrap().ipv6_cidr().unwrap().ends_with("::/56"));
        assert_eq!(code(account.associate_vpc_ipv6_block(&id)), "CidrLimitExceeded");
    }

    #[test]
    fn secondary_ranges_do_not_overlap_and_leave_when_unused() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        assert_eq!(code(account.associate_vpc_cidr_block(&id, "10.0.128.0/17")), "InvalidVpc.Range");
        let block = account.associate_vpc_cidr_block(&id, "10.1.0.0/16").unwrap();
        account.now_ms += 10_000;
        account.settle();
        let zone = account.availability_zones[0].clone();
        let subnet = account.create_subnet(&id, &zone, Some("10.1.1.0/24"), None, false, &tags("s")).unwrap().id;
        assert_eq!(code(account.disassociate_vpc_cidr_block(&block.association_id)), "DependencyViolation");
        account.delete_subnet(&subnet).unwrap();
        account.disassociate_vpc_cidr_block(&block.association_id).unwrap();
        for number in 1..5 {
            account.associate_vpc_cidr_block(&id, &format!("10.{number}.0.0/16")).unwrap();
        }
        assert_eq!(code(account.associate_vpc_cidr_block(&id, "10.9.0.0/16")), "CidrLimitExceeded");
    }

    #[test]
    fn hostnames_need_dns() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        account.modify_vpc_dns_support(&id, false).unwrap();
        assert_eq!(code(account.modify_vpc_dns_hostnames(&id, true)), "InvalidParameterCombination");
    }

    #[test]
    fn tags_have_limits() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let many: Tags = (0..51).map(|n| (format!("k{n}"), "v")).collect();
        assert_eq!(code(account.create_tags(&id, &many)), "TagLimitExceeded");
        let long: Tags = [("k".repeat(129), "v".to_owned())].into_iter().collect();
        assert_eq!(code(account.create_tags(&id, &long)), "InvalidParameterValue");
        let reserved: Tags = [("aws:x", "v")].into_iter().collect();
        assert_eq!(code(account.create_tags(&id, &reserved)), "InvalidParameterValue");
        assert_eq!(code(account.create_tags("vpc-1", &reserved)), "InvalidID");
    }
}
