//! `CreateDhcpOptions`, `AssociateDhcpOptions`, `DeleteDhcpOptions`.

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::tagging::{Service, merged};

/// A DHCP option set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DhcpOptions {
    pub(crate) id: String,
    pub(crate) domain_name: String,
    pub(crate) domain_name_servers: Vec<String>,
    pub(crate) tags: Tags,
}

impl Account {
    fn known_dhcp_options(&self, id: &str) -> ApiResult<()> {
        require(self.dhcp_options.contains_key(id), || {
            ApiError::unknown("InvalidDhcpOptionID.NotFound", "DhcpOptions", id)
        })
    }

    /// `CreateDhcpOptions`.
    pub(crate) fn create_dhcp_options(&mut self, domain: &str, servers: &[String], tags: &Tags) -> ApiResult<String> {
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        require(servers.len() <= 4, || {
            ApiError::new("InvalidParameterValue", "domain-name-servers takes four addresses at most")
        })?;
        let id = self.new_id("dopt", tags.name().unwrap_or_default());
        let options =
            DhcpOptions { id: id.clone(), domain_name: domain.to_owned(), domain_name_servers: servers.to_vec(), tags };
        self.dhcp_options.insert(id.clone(), options);
        Ok(id)
    }

    /// `AssociateDhcpOptions`; `default` gives the VPC AWS's own options back.
    pub(crate) fn associate_dhcp_options(&mut self, vpc: &str, options: &str) -> ApiResult<()> {
        self.vpc(vpc)?;
        if options != "default" {
            self.known_dhcp_options(options)?;
        }
        if let Some(vpc) = self.vpcs.get_mut(vpc) {
            options.clone_into(&mut vpc.dhcp_options);
        }
        Ok(())
    }

    /// `DeleteDhcpOptions`.
    pub(crate) fn delete_dhcp_options(&mut self, id: &str) -> ApiResult<()> {
        self.known_dhcp_options(id)?;
        require(!self.vpcs.values().any(|vpc| vpc.dhcp_options == id), || ApiError::dependency("dhcpOptions", id))?;
        self.dhcp_options.remove(id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, tags, vpc};

    #[test]
    fn options_in_use_stay() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let options =
            account.create_dhcp_options("ec2.internal", &["AmazonProvidedDNS".to_owned()], &tags("v")).unwrap();
        assert_eq!(code(account.associate_dhcp_options(&id, "dopt-1")), "InvalidDhcpOptionID.NotFound");
        account.associate_dhcp_options(&id, &options).unwrap();
        assert_eq!(code(account.delete_dhcp_options(&options)), "DependencyViolation");
        account.associate_dhcp_options(&id, "default").unwrap();
        account.delete_dhcp_options(&options).unwrap();
        assert_eq!(code(account.delete_dhcp_options(&options)), "InvalidDhcpOptionID.NotFound");
    }
}
