//! `AllocateAddress`, `ReleaseAddress`.

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::quota::room;
use super::tagging::{Service, merged};

/// An elastic IP address.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    pub(crate) allocation_id: String,
    pub(crate) public_ip: String,
    /// The interface that has it.
    #[serde(default)]
    pub(crate) interface: Option<String>,
    pub(crate) tags: Tags,
}

impl Account {
    /// The address of this allocation id.
    pub(crate) fn address(&self, id: &str) -> ApiResult<&Address> {
        self.addresses.get(id).ok_or_else(|| {
            ApiError::new("InvalidAllocationID.NotFound", format!("The allocation ID '{id}' does not exist"))
        })
    }

    /// `AllocateAddress`.
    pub(crate) fn allocate_address(&mut self, tags: &Tags) -> ApiResult<Address> {
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        let quota = self.quotas.elastic_ips;
        room(self.addresses.len(), quota, "AddressLimitExceeded", "addresses")?;
        let name = tags.name().unwrap_or_default().to_owned();
        let allocation_id = self.new_id("eipalloc", &name);
        let public_ip = self.public_ip(&allocation_id);
        let address = Address { allocation_id: allocation_id.clone(), public_ip, interface: None, tags };
        self.addresses.insert(allocation_id, address.clone());
        Ok(address)
    }

    /// An address of the internet for a thing of this name.
    pub(crate) fn public_ip(&mut self, name: &str) -> String {
        let [_, b, c, d] = self.new_number("public-ip", name).to_be_bytes();
        format!("52.{b}.{c}.{}", d.clamp(1, 254))
    }

    /// `ReleaseAddress`.
    pub(crate) fn release_address(&mut self, id: &str) -> ApiResult<()> {
        let address = self.address(id)?;
        require(address.interface.is_none(), || {
            ApiError::new("InvalidIPAddress.InUse", format!("Address {} is in use.", address.public_ip))
        })?;
        self.addresses.remove(id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, gateway, pass, subnet, tags, vpc};

    #[test]
    fn five_addresses_and_none_in_use_is_released() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        gateway(&mut account, &id);
        let subnet = subnet(&mut account, &id, 0);
        let address = account.allocate_address(&tags("a")).unwrap().allocation_id;
        for number in 1..5 {
            account.allocate_address(&tags(&number.to_string())).unwrap();
        }
        assert_eq!(code(account.allocate_address(&tags("b"))), "AddressLimitExceeded");
        let nat = account.create_nat_gateway(&subnet, &address, &tags("n"), None).unwrap().id;
        assert_eq!(code(account.release_address(&address)), "InvalidIPAddress.InUse");
        pass(&mut account, 120);
        account.delete_nat_gateway(&nat).unwrap();
        pass(&mut account, 120);
        account.release_address(&address).unwrap();
        assert_eq!(code(account.release_address(&address)), "InvalidAllocationID.NotFound");
    }
}
