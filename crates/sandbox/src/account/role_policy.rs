//! `PutRolePolicy`, `DeleteRolePolicy`, `AttachRolePolicy`, `DetachRolePolicy`.

use kedge_resource::PolicyDocument;

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::quota::room;
use super::role::{check_name, check_policy_arn, no_such};

impl Account {
    /// `PutRolePolicy`, over an existing one of the name.
    pub(crate) fn put_role_policy(&mut self, role: &str, name: &str, document: &PolicyDocument) -> ApiResult<()> {
        check_name("policyName", name, 128)?;
        require(!document.statement.is_empty(), || {
            ApiError::new("MalformedPolicyDocument", "The policy failed legacy parsing")
        })?;
        let quota = self.quotas.inline_policy_characters;
        let role = self.role_mut(role)?;
        let others = role.policies.iter().filter(|(other, _)| *other != name);
        let size: usize = others.map(|(_, other)| other.to_json().len()).sum();
        require(size + document.to_json().len() <= quota, || {
            let message = format!("Maximum policy size of {quota} bytes exceeded for role {}", role.name);
            ApiError { status: 409, ..ApiError::new("LimitExceeded", message) }
        })?;
        role.policies.insert(name.to_owned(), document.clone());
        Ok(())
    }

    /// `DeleteRolePolicy`.
    pub(crate) fn delete_role_policy(&mut self, role: &str, name: &str) -> ApiResult<()> {
        let removed = self.role_mut(role)?.policies.remove(name);
        require(removed.is_some(), || no_such("role policy", name))
    }

    /// `AttachRolePolicy`; attaching again is accepted.
    pub(crate) fn attach_role_policy(&mut self, role: &str, arn: &str) -> ApiResult<()> {
        check_policy_arn(arn)?;
        let quota = self.quotas.managed_policies_per_role;
        let role = self.role_mut(role)?;
        if !role.attached.contains(arn) {
            room(role.attached.len(), quota, "LimitExceeded", "policies attached to the role")?;
            role.attached.insert(arn.to_owned());
        }
        Ok(())
    }

    /// `DetachRolePolicy`.
    pub(crate) fn detach_role_policy(&mut self, role: &str, arn: &str) -> ApiResult<()> {
        let removed = self.role_mut(role)?.attached.remove(arn);
        require(removed, || no_such("policy", arn))
    }
}

#[cfg(test)]
mod tests {
    use super::super::role::testing::trust;
    use super::super::testing::{account, code, tags};
    use super::*;

    #[test]
    fn policies_have_quotas() {
        let mut account = account();
        account.create_role("nodes", &trust(), None, &tags("nodes")).unwrap();
        let mut large = trust();
        large.statement[0].action.extend((0..900).map(|number| format!("ec2:Action{number}")));
        assert_eq!(code(account.put_role_policy("nodes", "p", &large)), "LimitExceeded");
        assert_eq!(
            code(account.put_role_policy("nodes", "p", &PolicyDocument::new(Vec::new()))),
            "MalformedPolicyDocument"
        );
        assert_eq!(code(account.delete_role_policy("nodes", "p")), "NoSuchEntity");
        assert_eq!(code(account.attach_role_policy("nodes", "ReadOnly")), "InvalidInput");
        for number in 0..10 {
            account.attach_role_policy("nodes", &format!("arn:aws:iam::aws:policy/{number}")).unwrap();
        }
        assert_eq!(code(account.attach_role_policy("nodes", "arn:aws:iam::aws:policy/x")), "LimitExceeded");
        assert_eq!(code(account.detach_role_policy("nodes", "arn:aws:iam::aws:policy/x")), "NoSuchEntity");
    }
}
