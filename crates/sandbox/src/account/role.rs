//! `CreateRole`, `UpdateAssumeRolePolicy`, `PutRolePermissionsBoundary`, `DeleteRolePermissionsBoundary`, `TagRole`,
//! `DeleteRole`.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::{PolicyDocument, Tags};
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::quota::room;
use super::tagging::{Service, merged};

/// Characters of a trust policy.
const TRUST_CHARACTERS: usize = 2048;

/// A role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) trust: PolicyDocument,
    #[serde(default)]
    pub(crate) boundary: Option<String>,
    /// Inline policies by name.
    #[serde(default)]
    pub(crate) policies: BTreeMap<String, PolicyDocument>,
    /// ARNs of managed policies.
    #[serde(default)]
    pub(crate) attached: BTreeSet<String>,
    pub(crate) tags: Tags,
}

pub(crate) fn no_such(what: &str, name: &str) -> ApiError {
    let message = format!("The {what} with name {name} cannot be found.");
    ApiError { status: 404, ..ApiError::new("NoSuchEntity", message) }
}

pub(crate) fn exists(what: &str, name: &str) -> ApiError {
    let message = format!("{what} with name {name} already exists.");
    ApiError { status: 409, ..ApiError::new("EntityAlreadyExists", message) }
}

pub(crate) fn conflict(message: &str) -> ApiError {
    ApiError { status: 409, ..ApiError::new("DeleteConflict", message) }
}

/// Refuses names that IAM does not take.
pub(crate) fn check_name(what: &str, name: &str, most: usize) -> ApiResult<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    require((1..=most).contains(&name.len()) && name.chars().all(allowed), || {
        let message = format!(
            "The specified value for {what} is invalid. It has 1 to {most} characters of letters, \
            digits and _+=,.@-"
        );
        ApiError::new("ValidationError", message)
    })
}

/// Refuses what cannot be the ARN of a policy.
pub(crate) fn check_policy_arn(arn: &str) -> ApiResult<()> {
    require(arn.starts_with("arn:") && arn.contains(":iam::") && arn.contains(":policy/"), || {
        ApiError::new("InvalidInput", format!("ARN {arn} is not valid."))
    })
}

impl Account {
    /// The role of this name.
    pub(crate) fn role(&self, name: &str) -> ApiResult<&Role> {
        self.roles.get(name).ok_or_else(|| no_such("role", name))
    }

    /// The role of this name, to change it.
    pub(crate) fn role_mut(&mut self, name: &str) -> ApiResult<&mut Role> {
        self.roles.get_mut(name).ok_or_else(|| no_such("role", name))
    }

    fn check_trust(trust: &PolicyDocument) -> ApiResult<()> {
        require(trust.statement.iter().all(|statement| !statement.principal.is_empty()), || {
            ApiError::new("MalformedPolicyDocument", "AssumeRole policy may only specify statements with a principal")
        })?;
        require(trust.to_json().len() <= TRUST_CHARACTERS, || {
            let message = format!("Cannot exceed quota for ACLSizePerRole: {TRUST_CHARACTERS}");
            ApiError { status: 409, ..ApiError::new("LimitExceeded", message) }
        })
    }

    /// `CreateRole`.
    pub(crate) fn create_role(
        &mut self,
        name: &str,
        trust: &PolicyDocument,
        boundary: Option<&str>,
        tags: &Tags,
    ) -> ApiResult<Role> {
        check_name("roleName", name, 64)?;
        Self::check_trust(trust)?;
        if let Some(arn) = boundary {
            check_policy_arn(arn)?;
        }
        let tags = merged(Service::Iam, &Tags::default(), tags)?;
        require(!self.roles.contains_key(name), || exists("Role", name))?;
        room(self.roles.len(), self.quotas.roles, "LimitExceeded", "roles")?;
        let role = Role {
            name: name.to_owned(),
            id: self.new_capitals("AROA", name),
            trust: trust.clone(),
            boundary: boundary.map(str::to_owned),
            policies: BTreeMap::new(),
            attached: BTreeSet::new(),
            tags,
        };
        self.roles.insert(name.to_owned(), role.clone());
        Ok(role)
    }

    /// `UpdateAssumeRolePolicy`.
    pub(crate) fn update_assume_role_policy(&mut self, name: &str, trust: &PolicyDocument) -> ApiResult<()> {
        Self::check_trust(trust)?;
        self.role_mut(name)?.trust = trust.clone();
        Ok(())
    }

    /// `PutRolePermissionsBoundary`, or `DeleteRolePermissionsBoundary` with none.
    pub(crate) fn set_role_boundary(&mut self, name: &str, boundary: Option<&str>) -> ApiResult<()> {
        if let Some(arn) = boundary {
            check_policy_arn(arn)?;
        }
        self.role_mut(name)?.boundary = boundary.map(str::to_owned);
        Ok(())
    }

    /// `TagRole`.
    pub(crate) fn tag_role(&mut self, name: &str, new: &Tags) -> ApiResult<()> {
        let role = self.role_mut(name)?;
        role.tags = merged(Service::Iam, &role.tags, new)?;
        Ok(())
    }

    /// `DeleteRole`: only without policies and outside of every instance profile.
    pub(crate) fn delete_role(&mut self, name: &str) -> ApiResult<()> {
        let role = self.role(name)?;
        let in_profile = self.instance_profiles.values().any(|profile| profile.role.as_deref() == Some(name));
        require(!in_profile, || conflict("Cannot delete entity, must remove roles from instance profile first."))?;
        require(role.attached.is_empty(), || conflict("Cannot delete entity, must detach all policies first."))?;
        require(role.policies.is_empty(), || conflict("Cannot delete entity, must delete policies first."))?;
        self.roles.remove(name);
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use kedge_resource::PolicyDocument;
    use kedge_resource::policy::Statement;

    /// Lets instances assume a role.
    pub(crate) fn trust() -> PolicyDocument {
        let mut statement = Statement::allow();
        statement.action.insert("sts:AssumeRole".to_owned());
        statement.principal.insert("Service".to_owned(), ["ec2.amazonaws.com".to_owned()].into());
        PolicyDocument::new(vec![statement])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, tags};
    use super::testing::trust;

    #[test]
    fn names_and_documents_are_checked() {
        let mut account = account();
        account.create_role("nodes", &trust(), None, &tags("nodes")).unwrap();
        assert_eq!(code(account.create_role("nodes", &trust(), None, &tags("n"))), "EntityAlreadyExists");
        assert_eq!(code(account.create_role(&"x".repeat(65), &trust(), None, &tags("n"))), "ValidationError");
        assert_eq!(code(account.create_role("a b", &trust(), None, &tags("n"))), "ValidationError");
        assert_eq!(code(account.set_role_boundary("nodes", Some("policy"))), "InvalidInput");
        let mut open = trust();
        open.statement[0].principal.clear();
        assert_eq!(code(account.update_assume_role_policy("nodes", &open)), "MalformedPolicyDocument");
        assert_eq!(code(account.tag_role("masters", &tags("x"))), "NoSuchEntity");
    }

    #[test]
    fn a_role_in_use_stays() {
        let mut account = account();
        account.create_role("nodes", &trust(), None, &tags("nodes")).unwrap();
        account.create_instance_profile("nodes", &tags("nodes")).unwrap();
        account.add_role_to_instance_profile("nodes", "nodes").unwrap();
        assert_eq!(code(account.delete_role("nodes")), "DeleteConflict");
        account.remove_role_from_instance_profile("nodes", "nodes").unwrap();
        account.put_role_policy("nodes", "p", &trust()).unwrap();
        assert_eq!(code(account.delete_role("nodes")), "DeleteConflict");
        account.delete_role_policy("nodes", "p").unwrap();
        account.attach_role_policy("nodes", "arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap();
        assert_eq!(code(account.delete_role("nodes")), "DeleteConflict");
        account.detach_role_policy("nodes", "arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap();
        account.delete_role("nodes").unwrap();
        assert_eq!(code(account.delete_role("nodes")), "NoSuchEntity");
    }
}
