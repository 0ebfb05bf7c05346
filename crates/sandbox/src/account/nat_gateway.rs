//! `CreateNatGateway`, `DeleteNatGateway`.

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::network_interface::Owner;
use super::quota::room;
use super::tagging::{Service, merged};
use super::timer::{Event, Timer};

/// Seconds until a new gateway carries traffic.
const AVAILABLE_SECONDS: u64 = 90;
/// Seconds until a deleted gateway has let go of its address and interface.
const DELETED_SECONDS: u64 = 60;
/// Milliseconds for which a deleted gateway is still shown.
const SHOWN_MS: u64 = 3_600_000;

/// A public NAT gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NatGateway {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) subnet: String,
    #[serde(default)]
    pub(crate) allocation_id: Option<String>,
    /// `pending`, `available`, `deleting` or `deleted`.
    pub(crate) state: String,
    pub(crate) tags: Tags,
}

impl NatGateway {
    /// Whether it still counts: AWS shows deleted gateways for an hour.
    pub(crate) fn exists(&self) -> bool {
        self.state == "pending" || self.state == "available"
    }
}

impl Account {
    /// `CreateNatGateway`, with an elastic IP address.
    pub(crate) fn create_nat_gateway(
        &mut self,
        subnet: &str,
        allocation: &str,
        tags: &Tags,
        token: Option<&str>,
    ) -> ApiResult<NatGateway> {
        const CALL: &str = "CreateNatGateway";
        let known = token.and_then(|token| self.by_token(CALL, token));
        if let Some(known) = known.and_then(|id| self.nat_gateways.get(&id)) {
            return Ok(known.clone());
        }
        let vpc = self.subnet(subnet)?.vpc.clone();
        let zone = self.subnet(subnet)?.zone.clone();
        require(self.has_internet_gateway(&vpc), || {
            ApiError::new("Gateway.NotAttached", format!("Network {vpc} has no Internet gateway attached"))
        })?;
        let address = self.address(allocation)?;
        require(address.interface.is_none(), || {
            let message = format!("resource {allocation} is already associated");
            ApiError::new("Resource.AlreadyAssociated", message)
        })?;
        let public_ip = address.public_ip.clone();
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        let in_zone = self.nat_gateways.values().filter(|gateway| {
            gateway.exists() && self.subnets.get(&gateway.subnet).is_some_and(|subnet| subnet.zone == zone)
        });
        let quota = self.quotas.nat_gateways_per_zone;
        room(in_zone.count(), quota, "NatGatewayLimitExceeded", "NAT gateways of the zone")?;
        let id = self.new_id("nat", tags.name().unwrap_or_default());
        let description = format!("Interface for NAT Gateway {id}");
        let interface =
            self.add_interface(subnet, &[], &description, Owner::NatGateway(id.clone()), Tags::default())?;
        if let Some(interface) = self.network_interfaces.get_mut(&interface) {
            interface.public_ip = Some(public_ip);
        }
        if let Some(address) = self.addresses.get_mut(allocation) {
            address.interface = Some(interface);
        }
        let gateway = NatGateway {
            id: id.clone(),
            vpc,
            subnet: subnet.to_owned(),
            allocation_id: Some(allocation.to_owned()),
            state: "pending".to_owned(),
            tags,
        };
        self.nat_gateways.insert(id.clone(), gateway.clone());
        self.after(AVAILABLE_SECONDS, Event::NatGatewayAvailable(id.clone()));
        if let Some(token) = token {
            self.remember_token(CALL, token, &id);
        }
        Ok(gateway)
    }

    pub(crate) fn nat_gateway_available(&mut self, id: &str) {
        if let Some(gateway) = self.nat_gateways.get_mut(id)
            && gateway.state == "pending"
        {
            "available".clone_into(&mut gateway.state);
        }
    }

    pub(crate) fn nat_gateway_deleted(&mut self, id: &str, at_ms: u64) {
        if let Some(gateway) = self.nat_gateways.get_mut(id) {
            "deleted".clone_into(&mut gateway.state);
        }
        self.release_interfaces(id);
        self.timers.push(Timer { due_ms: at_ms + SHOWN_MS, event: Event::NatGatewayForgotten(id.to_owned()) });
    }

    /// `DeleteNatGateway`; a gateway that goes or is gone is left as it is.
    pub(crate) fn delete_nat_gateway(&mut self, id: &str) -> ApiResult<()> {
        let Some(gateway) = self.nat_gateways.get_mut(id) else {
            return Err(ApiError::new("NatGatewayNotFound", format!("The Nat Gateway {id} was not found")));
        };
        if gateway.exists() {
            "deleting".clone_into(&mut gateway.state);
            self.after(DELETED_SECONDS, Event::NatGatewayDeleted(id.to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, gateway, pass, subnet, tags, vpc};

    #[test]
    fn a_gateway_needs_a_way_out_and_a_free_address() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let subnet = subnet(&mut account, &id, 0);
        let address = account.allocate_address(&tags("a")).unwrap().allocation_id;
        let make = |account: &mut super::Account, address: &str| {
            code(account.create_nat_gateway(&subnet, address, &tags("n"), None))
        };
        assert_eq!(make(&mut account, &address), "Gateway.NotAttached");
        gateway(&mut account, &id);
        assert_eq!(make(&mut account, "eipalloc-1"), "InvalidAllocationID.NotFound");
        assert!(make(&mut account, &address).starts_with("accepted"));
        assert_eq!(make(&mut account, &address), "Resource.AlreadyAssociated");
        assert_eq!(code(account.delete_subnet(&subnet)), "DependencyViolation");
    }

    #[test]
    fn a_gateway_comes_and_goes_slowly() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        gateway(&mut account, &id);
        let subnet = subnet(&mut account, &id, 0);
        let address = account.allocate_address(&tags("a")).unwrap().allocation_id;
        let nat = account.create_nat_gateway(&subnet, &address, &tags("n"), Some("t")).unwrap().id;
        assert_eq!(account.create_nat_gateway(&subnet, &address, &tags("n"), Some("t")).unwrap().id, nat);
        pass(&mut account, 60);
        assert_eq!(account.nat_gateways[&nat].state, "pending");
        pass(&mut account, 60);
        assert_eq!(account.nat_gateways[&nat].state, "available");
        account.delete_nat_gateway(&nat).unwrap();
        assert_eq!(account.nat_gateways[&nat].state, "deleting");
        pass(&mut account, 120);
        assert_eq!(account.nat_gateways[&nat].state, "deleted");
        account.delete_subnet(&subnet).unwrap();
        pass(&mut account, 7200);
        assert_eq!(code(account.delete_nat_gateway(&nat)), "NatGatewayNotFound");
    }
}
