//! `PutLifecycleHook`, `DeleteLifecycleHook`.

use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiResult, require};
use super::scaling_group::{ScalingGroup, invalid};

/// Transition at which an instance goes.
const TERMINATING: &str = "autoscaling:EC2_INSTANCE_TERMINATING";
/// Transition at which an instance comes.
const LAUNCHING: &str = "autoscaling:EC2_INSTANCE_LAUNCHING";

/// A life cycle hook; nothing answers it in the sandbox, so it ends with its timeout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hook {
    pub(crate) transition: String,
    pub(crate) default_result: String,
    pub(crate) heartbeat_timeout: i32,
}

impl Hook {
    pub(crate) fn check(&self, name: &str) -> ApiResult<()> {
        require(!name.is_empty() && name.len() <= 255, || {
            invalid("A lifecycle hook has a name of 1 to 255 characters")
        })?;
        require(self.transition == TERMINATING || self.transition == LAUNCHING, || {
            invalid(format!("Invalid lifecycle transition: {}", self.transition))
        })?;
        require(self.default_result == "CONTINUE" || self.default_result == "ABANDON", || {
            invalid(format!("Invalid default result: {}", self.default_result))
        })?;
        require((30..=7200).contains(&self.heartbeat_timeout), || {
            invalid("The heartbeat timeout is from 30 to 7200 seconds")
        })
    }
}

impl ScalingGroup {
    /// For how long hooks hold an instance that the group terminates.
    pub(crate) fn terminating_hook_seconds(&self) -> u64 {
        let hooks = self.hooks.values().filter(|hook| hook.transition == TERMINATING);
        hooks.filter_map(|hook| u64::try_from(hook.heartbeat_timeout).ok()).max().unwrap_or_default()
    }
}

impl Account {
    /// `PutLifecycleHook`, over an existing one of the name.
    pub(crate) fn put_lifecycle_hook(&mut self, group: &str, name: &str, hook: &Hook) -> ApiResult<()> {
        self.scaling_group(group)?;
        hook.check(name)?;
        if let Some(group) = self.scaling_groups.get_mut(group) {
            group.hooks.insert(name.to_owned(), hook.clone());
        }
        Ok(())
    }

    /// `DeleteLifecycleHook`.
    pub(crate) fn delete_lifecycle_hook(&mut self, group: &str, name: &str) -> ApiResult<()> {
        self.scaling_group(group)?;
        let hooks = self.scaling_groups.get_mut(group).map(|group| &mut group.hooks);
        let removed = hooks.and_then(|hooks| hooks.remove(name));
        require(removed.is_some(), || invalid(format!("No lifecycle hook found with name {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::scaling_group::testing::{group, spec};
    use super::super::testing::{account, code, pass};
    use super::*;

    #[test]
    fn hooks_are_checked_and_delay_termination() {
        let mut account = account();
        let (name, _) = group(&mut account, &spec(1, 1));
        let hook =
            Hook { transition: TERMINATING.to_owned(), default_result: "CONTINUE".to_owned(), heartbeat_timeout: 300 };
        let bad = Hook { heartbeat_timeout: 10, ..hook.clone() };
        assert_eq!(code(account.put_lifecycle_hook(&name, "h", &bad)), "ValidationError");
        account.put_lifecycle_hook(&name, "h", &hook).unwrap();
        let mut smaller = account.scaling_groups[&name].spec.clone();
        (smaller.min, smaller.max) = (0, 0);
        account.update_auto_scaling_group(&name, &smaller).unwrap();
        pass(&mut account, 100);
        assert!(account.instances.values().all(|it| it.state == "shutting-down"));
        pass(&mut account, 300);
        assert!(account.instances.values().all(|it| it.state == "terminated"));
        account.delete_lifecycle_hook(&name, "h").unwrap();
        assert_eq!(code(account.delete_lifecycle_hook(&name, "h")), "ValidationError");
    }
}
