//! `CreateInstanceProfile`, `AddRoleToInstanceProfile`, `RemoveRoleFromInstanceProfile`, `TagInstanceProfile`,
//! `DeleteInstanceProfile`.

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::quota::room;
use super::role::{check_name, conflict, exists, no_such};
use super::tagging::{Service, merged};

/// Milliseconds until other services see a new profile.
const PROPAGATION_MS: u64 = 10_000;

/// An instance profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InstanceProfile {
    pub(crate) name: String,
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) role: Option<String>,
    /// From when on EC2 and auto scaling see it.
    #[serde(default)]
    pub(crate) visible_from_ms: u64,
    pub(crate) tags: Tags,
}

impl Account {
    fn profile_mut(&mut self, name: &str) -> ApiResult<&mut InstanceProfile> {
        self.instance_profiles.get_mut(name).ok_or_else(|| no_such("instance profile", name))
    }

    /// `CreateInstanceProfile`.
    pub(crate) fn create_instance_profile(&mut self, name: &str, tags: &Tags) -> ApiResult<InstanceProfile> {
        check_name("instanceProfileName", name, 128)?;
        let tags = merged(Service::Iam, &Tags::default(), tags)?;
        require(!self.instance_profiles.contains_key(name), || exists("Instance Profile", name))?;
        let quota = self.quotas.instance_profiles;
        room(self.instance_profiles.len(), quota, "LimitExceeded", "instance profiles")?;
        let profile = InstanceProfile {
            name: name.to_owned(),
            id: self.new_capitals("AIPA", name),
            role: None,
            visible_from_ms: self.now_ms + PROPAGATION_MS,
            tags,
        };
        self.instance_profiles.insert(name.to_owned(), profile.clone());
        Ok(profile)
    }

    /// `AddRoleToInstanceProfile`: one role for each profile.
    pub(crate) fn add_role_to_instance_profile(&mut self, name: &str, role: &str) -> ApiResult<()> {
        self.role(role)?;
        let profile = self.profile_mut(name)?;
        require(profile.role.is_none(), || {
            let message = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1";
            ApiError { status: 409, ..ApiError::new("LimitExceeded", message) }
        })?;
        profile.role = Some(role.to_owned());
        Ok(())
    }

    /// `RemoveRoleFromInstanceProfile`.
    pub(crate) fn remove_role_from_instance_profile(&mut self, name: &str, role: &str) -> ApiResult<()> {
        let profile = self.profile_mut(name)?;
        require(profile.role.as_deref() == Some(role), || no_such("role", role))?;
        profile.role = None;
        Ok(())
    }

    /// `TagInstanceProfile`.
    pub(crate) fn tag_instance_profile(&mut self, name: &str, new: &Tags) -> ApiResult<()> {
        let profile = self.profile_mut(name)?;
        profile.tags = merged(Service::Iam, &profile.tags, new)?;
        Ok(())
    }

    /// `DeleteInstanceProfile`: only without a role.
    pub(crate) fn delete_instance_profile(&mut self, name: &str) -> ApiResult<()> {
        require(self.profile_mut(name)?.role.is_none(), || {
            conflict("Cannot delete entity, must remove roles from instance profile first.")
        })?;
        self.instance_profiles.remove(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::role::testing::trust;
    use super::super::testing::{account, code, tags};

    #[test]
    fn a_profile_has_one_role() {
        let mut account = account();
        for name in ["a", "b"] {
            account.create_role(name, &trust(), None, &tags(name)).unwrap();
        }
        account.create_instance_profile("p", &tags("p")).unwrap();
        assert_eq!(code(account.create_instance_profile("p", &tags("p"))), "EntityAlreadyExists");
        assert_eq!(code(account.add_role_to_instance_profile("p", "c")), "NoSuchEntity");
        account.add_role_to_instance_profile("p", "a").unwrap();
        assert_eq!(code(account.add_role_to_instance_profile("p", "b")), "LimitExceeded");
        assert_eq!(code(account.delete_instance_profile("p")), "DeleteConflict");
        assert_eq!(code(account.remove_role_from_instance_profile("p", "b")), "NoSuchEntity");
        account.remove_role_from_instance_profile("p", "a").unwrap();
        account.delete_instance_profile("p").unwrap();
        assert_eq!(code(account.delete_instance_profile("p")), "NoSuchEntity");
    }
}
