//! `PutWarmPool`, `DeleteWarmPool`.

use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::scaling_group::{ScalingGroup, Source, invalid};

/// A pool of stopped instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pool {
    pub(crate) min_size: i32,
    #[serde(default)]
    pub(crate) max_group_prepared_capacity: Option<i32>,
}

impl Pool {
    /// How many instances wait in the pool.
    pub(crate) fn size(&self, group: &ScalingGroup) -> usize {
        let prepared = self.max_group_prepared_capacity.unwrap_or(group.spec.max) - group.desired;
        usize::try_from(prepared.max(self.min_size)).unwrap_or_default()
    }
}

impl Account {
    /// `PutWarmPool`, over the present one.
    pub(crate) fn put_warm_pool(&mut self, name: &str, pool: &Pool) -> ApiResult<()> {
        let group = self.scaling_group(name)?;
        require(matches!(group.spec.source, Source::Template(_)), || {
            invalid("You can't add a warm pool to an Auto Scaling group that has a mixed instances policy.")
        })?;
        require(pool.min_size >= 0 && pool.max_group_prepared_capacity.is_none_or(|most| most >= 0), || {
            invalid("Sizes of a warm pool are not negative")
        })?;
        if let Some(group) = self.scaling_groups.get_mut(name) {
            group.warm_pool = Some(pool.clone());
        }
        self.adjust_group(name);
        Ok(())
    }

    /// `DeleteWarmPool`; with `force` its instances go too.
    pub(crate) fn delete_warm_pool(&mut self, name: &str, force: bool) -> ApiResult<()> {
        require(self.scaling_group(name)?.warm_pool.is_some(), || {
            invalid(format!("No warm pool found for Auto Scaling group {name}"))
        })?;
        let of_pool = |it: &&super::instance::Instance| it.warm && it.alive() && it.group.as_deref() == Some(name);
        let waiting: Vec<String> = self.instances.values().filter(of_pool).map(|it| it.id.clone()).collect();
        require(force || waiting.is_empty(), || ApiError::new("ResourceInUse", "The warm pool still has instances."))?;
        if let Some(group) = self.scaling_groups.get_mut(name) {
            group.warm_pool = None;
        }
        self.terminate_instances(&waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::super::scaling_group::testing::{group, spec};
    use super::super::testing::{account, code};
    use super::*;

    #[test]
    fn a_pool_holds_stopped_instances() {
        let mut account = account();
        let (name, _) = group(&mut account, &spec(1, 4));
        let pool = Pool { min_size: 1, max_group_prepared_capacity: None };
        account.put_warm_pool(&name, &pool).unwrap();
        let stopped = |account: &Account| account.instances.values().filter(|it| it.state == "stopped").count();
        assert_eq!(stopped(&account), 3);
        account.put_warm_pool(&name, &Pool { max_group_prepared_capacity: Some(2), ..pool }).unwrap();
        assert_eq!(stopped(&account), 1);
        assert_eq!(account.members(&name).count(), 1);
        assert_eq!(code(account.delete_warm_pool(&name, false)), "ResourceInUse");
        account.delete_warm_pool(&name, true).unwrap();
        assert_eq!(stopped(&account), 0);
        assert_eq!(code(account.delete_warm_pool(&name, true)), "ValidationError");
    }
}
