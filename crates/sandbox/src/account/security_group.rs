//! `CreateSecurityGroup`, `DeleteSecurityGroup`.

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::quota::room;
use super::security_group_rule::Rule;
use super::tagging::{Service, merged};

/// A security group.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecurityGroup {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) name: String,
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) rules: Vec<Rule>,
    pub(crate) tags: Tags,
}

impl SecurityGroup {
    /// A group without rules.
    pub(crate) fn new(id: &str, vpc: &str, name: &str, description: &str, tags: Tags) -> Self {
        Self {
            id: id.to_owned(),
            vpc: vpc.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            rules: Vec::new(),
            tags,
        }
    }
}

impl Account {
    /// The group of this id.
    pub(crate) fn security_group(&self, id: &str) -> ApiResult<&SecurityGroup> {
        self.security_groups
            .get(id)
            .ok_or_else(|| ApiError::new("InvalidGroup.NotFound", format!("The security group '{id}' does not exist")))
    }

    /// Refuses groups that do not exist or are of another VPC.
    pub(crate) fn groups_of_vpc(&self, vpc: &str, groups: &[String]) -> ApiResult<()> {
        for id in groups {
            require(self.security_group(id)?.vpc == vpc, || {
                let message = format!("Security group {id} and the subnet belong to different networks.");
                ApiError::new("InvalidParameter", message)
            })?;
        }
        Ok(())
    }

    /// `CreateSecurityGroup`; AWS lets everything out of a new group.
    pub(crate) fn create_security_group(
        &mut self,
        vpc: &str,
        name: &str,
        description: &str,
        tags: &Tags,
    ) -> ApiResult<SecurityGroup> {
        self.vpc(vpc)?;
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        let bad = |message: String| ApiError::new("InvalidParameterValue", message);
        require(!name.is_empty() && name.len() <= 255 && !name.starts_with("sg-"), || {
            bad(format!("Value ({name}) for parameter GroupName is invalid."))
        })?;
        require(!description.is_empty() && description.len() <= 255, || {
            bad(format!("Value ({description}) for parameter GroupDescription is invalid."))
        })?;
        require(!self.security_groups.values().any(|group| group.vpc == vpc && group.name == name), || {
            let message = format!("The security group '{name}' already exists for VPC '{vpc}'");
            ApiError::new("InvalidGroup.Duplicate", message)
        })?;
        let quota = self.quotas.security_groups;
        room(self.security_groups.len(), quota, "SecurityGroupLimitExceeded", "security groups")?;
        let id = self.new_id("sg", name);
        self.security_groups.insert(id.clone(), SecurityGroup::new(&id, vpc, name, description, tags));
        self.put_default_egress(&id);
        self.security_group(&id).cloned()
    }

    /// `DeleteSecurityGroup`: not while an interface has it or a rule of another group names it.
    pub(crate) fn delete_security_group(&mut self, id: &str) -> ApiResult<()> {
        let group = self.security_group(id)?;
        require(group.name != "default", || {
            let message = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
            ApiError::new("CannotDelete", message)
        })?;
        let used = self.network_interfaces.values().any(|interface| interface.groups.iter().any(|it| it == id));
        let named = self
            .security_groups
            .values()
            .filter(|other| other.id != id)
            .any(|other| other.rules.iter().any(|rule| rule.peer_group.as_deref() == Some(id)));
        require(!used && !named, || {
            ApiError::new("DependencyViolation", format!("resource {id} has a dependent object"))
        })?;
        self.security_groups.remove(id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::security_group_rule::testing::rule;
    use super::super::testing::{account, code, subnet, tags, vpc};

    #[test]
    fn names_are_unique_within_a_vpc() {
        let mut account = account();
        let (one, two) = (vpc(&mut account, "one"), vpc(&mut account, "two"));
        account.create_security_group(&one, "nodes", "n", &tags("n")).unwrap();
        assert_eq!(code(account.create_security_group(&one, "nodes", "n", &tags("n"))), "InvalidGroup.Duplicate");
        account.create_security_group(&two, "nodes", "n", &tags("n")).unwrap();
        assert_eq!(code(account.create_security_group(&one, "sg-x", "n", &tags("n"))), "InvalidParameterValue");
        assert_eq!(code(account.create_security_group("vpc-1", "x", "n", &tags("n"))), "InvalidVpcID.NotFound");
    }

    #[test]
    fn groups_in_use_stay() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let subnet = subnet(&mut account, &id, 0);
        let one = account.create_security_group(&id, "one", "1", &tags("1")).unwrap().id;
        let two = account.create_security_group(&id, "two", "2", &tags("2")).unwrap().id;
        account.authorize(&two, &[rule(true, "tcp", Some((22, 22)), &one)], &tags("r")).unwrap();
        assert_eq!(code(account.delete_security_group(&one)), "DependencyViolation");
        account.delete_security_group(&two).unwrap();
        let eni = account.create_network_interface(&subnet, std::slice::from_ref(&one), "x", &tags("e")).unwrap();
        assert_eq!(code(account.delete_security_group(&one)), "DependencyViolation");
        account.delete_network_interface(&eni).unwrap();
        account.delete_security_group(&one).unwrap();
        assert_eq!(code(account.delete_security_group(&one)), "InvalidGroup.NotFound");
        let default = account.security_groups.keys().next().unwrap().clone();
        assert_eq!(code(account.delete_security_group(&default)), "CannotDelete");
    }

    #[test]
    fn a_group_of_its_own_peers_can_go() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let one = account.create_security_group(&id, "one", "1", &tags("1")).unwrap().id;
        account.authorize(&one, &[rule(true, "-1", None, &one)], &tags("r")).unwrap();
        account.delete_security_group(&one).unwrap();
    }
}
