//! `CreateInternetGateway`, `AttachInternetGateway`, `DetachInternetGateway`, `DeleteInternetGateway`.

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::quota::room;
use super::tagging::{Service, merged};

/// An internet gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InternetGateway {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) vpc: Option<String>,
    pub(crate) tags: Tags,
}

impl Account {
    fn internet_gateway(&self, id: &str) -> ApiResult<&InternetGateway> {
        self.internet_gateways
            .get(id)
            .ok_or_else(|| ApiError::unknown("InvalidInternetGatewayID.NotFound", "internetGateway", id))
    }

    /// Whether traffic of a VPC can reach the internet.
    pub(crate) fn has_internet_gateway(&self, vpc: &str) -> bool {
        self.internet_gateways.values().any(|gateway| gateway.vpc.as_deref() == Some(vpc))
    }

    /// `CreateInternetGateway`.
    pub(crate) fn create_internet_gateway(&mut self, tags: &Tags) -> ApiResult<InternetGateway> {
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        let quota = self.quotas.internet_gateways;
        room(self.internet_gateways.len(), quota, "InternetGatewayLimitExceeded", "internet gateways")?;
        let id = self.new_id("igw", tags.name().unwrap_or_default());
        let gateway = InternetGateway { id: id.clone(), vpc: None, tags };
        self.internet_gateways.insert(id, gateway.clone());
        Ok(gateway)
    }

    /// `AttachInternetGateway`: one gateway for each VPC, one VPC for each gateway.
    pub(crate) fn attach_internet_gateway(&mut self, id: &str, vpc: &str) -> ApiResult<()> {
        let gateway = self.internet_gateway(id)?;
        self.vpc(vpc)?;
        if let Some(other) = &gateway.vpc {
            let message = format!("resource {id} is already attached to network {other}");
            return Err(ApiError::new("Resource.AlreadyAssociated", message));
        }
        require(!self.has_internet_gateway(vpc), || {
            ApiError::new("InvalidParameterValue", format!("Network {vpc} already has an internet gateway attached"))
        })?;
        if let Some(gateway) = self.internet_gateways.get_mut(id) {
            gateway.vpc = Some(vpc.to_owned());
        }
        Ok(())
    }

    /// `DetachInternetGateway`: not while public addresses of the VPC are mapped through it.
    pub(crate) fn detach_internet_gateway(&mut self, id: &str, vpc: &str) -> ApiResult<()> {
        let gateway = self.internet_gateway(id)?;
        require(gateway.vpc.as_deref() == Some(vpc), || {
            ApiError::new("Gateway.NotAttached", format!("resource {id} is not attached to network {vpc}"))
        })?;
        let mapped = self.network_interfaces.values().any(|it| it.vpc == vpc && it.public_ip.is_some());
        require(!mapped, || {
            ApiError::new(
                "DependencyViolation",
                format!(
                    "Network {vpc} has some mapped public address(es). Please unmap those public address(es) \
                    before detaching the gateway."
                ),
            )
        })?;
        if let Some(gateway) = self.internet_gateways.get_mut(id) {
            gateway.vpc = None;
        }
        Ok(())
    }

    /// `DeleteInternetGateway`.
    pub(crate) fn delete_internet_gateway(&mut self, id: &str) -> ApiResult<()> {
        require(self.internet_gateway(id)?.vpc.is_none(), || ApiError::dependency("internetGateway", id))?;
        self.internet_gateways.remove(id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, gateway, subnet, tags, vpc};

    #[test]
    fn one_gateway_for_each_vpc() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let first = gateway(&mut account, &id);
        assert_eq!(code(account.attach_internet_gateway(&first, &id)), "Resource.AlreadyAssociated");
        let second = account.create_internet_gateway(&tags("second")).unwrap().id;
        assert_eq!(code(account.attach_internet_gateway(&second, &id)), "InvalidParameterValue");
        assert_eq!(code(account.attach_internet_gateway(&second, "vpc-1")), "InvalidVpcID.NotFound");
        assert_eq!(code(account.detach_internet_gateway(&second, &id)), "Gateway.NotAttached");
        assert_eq!(code(account.delete_internet_gateway(&first)), "DependencyViolation");
    }

    #[test]
    fn mapped_addresses_hold_the_gateway() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let igw = gateway(&mut account, &id);
        let subnet = subnet(&mut account, &id, 0);
        let address = account.allocate_address(&tags("a")).unwrap().allocation_id;
        account.create_nat_gateway(&subnet, &address, &tags("n"), None).unwrap();
        assert_eq!(code(account.detach_internet_gateway(&igw, &id)), "DependencyViolation");
    }
}
