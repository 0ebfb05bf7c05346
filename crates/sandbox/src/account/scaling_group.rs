//! `CreateAutoScalingGroup`, `UpdateAutoScalingGroup`, `DeleteAutoScalingGroup` and the calls that change one aspect.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::Tags;
use kedge_resource::kind::MixedInstancesPolicy;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::lifecycle_hook::Hook;
use super::quota::room;
use super::tagging::{Service, merged};
use super::warm_pool::Pool;

/// What instances are launched from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Source {
    /// A template by name, in its latest version.
    Template(String),
    Mixed(Box<MixedInstancesPolicy>),
}

impl Source {
    /// Name of the template.
    pub(crate) fn template(&self) -> &str {
        match self {
            Self::Template(name) => name,
            Self::Mixed(policy) => policy.launch_template.launch_template.bare(),
        }
    }
}

/// What one can say of a group when it is made and change with `UpdateAutoScalingGroup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupSpec {
    pub(crate) min: i32,
    pub(crate) max: i32,
    pub(crate) source: Source,
    pub(crate) subnets: Vec<String>,
    pub(crate) max_instance_lifetime: i32,
    pub(crate) protected: bool,
    pub(crate) capacity_rebalance: bool,
}

/// An auto scaling group.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScalingGroup {
    pub(crate) name: String,
    pub(crate) spec: GroupSpec,
    pub(crate) desired: i32,
    /// As they were given: ARNs.
    #[serde(default)]
    pub(crate) target_groups: Vec<String>,
    #[serde(default)]
    pub(crate) classic_load_balancers: Vec<String>,
    #[serde(default)]
    pub(crate) metrics: BTreeSet<String>,
    #[serde(default)]
    pub(crate) suspended: BTreeSet<String>,
    #[serde(default)]
    pub(crate) hooks: BTreeMap<String, Hook>,
    #[serde(default)]
    pub(crate) warm_pool: Option<Pool>,
    #[serde(default)]
    pub(crate) deleting: bool,
    /// Why the last launch failed.
    #[serde(default)]
    pub(crate) last_failure: Option<String>,
    pub(crate) tags: Tags,
}

/// What a group can stop doing.
const PROCESSES: &[&str] = &[
    "AZRebalance",
    "AddToLoadBalancer",
    "AlarmNotification",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
];

/// A refusal of the service, which has one code for most.
pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

impl Account {
    /// The group of this name.
    pub(crate) fn scaling_group(&self, name: &str) -> ApiResult<&ScalingGroup> {
        self.scaling_groups.get(name).ok_or_else(|| invalid("AutoScalingGroup name not found - null"))
    }

    fn scaling_group_mut(&mut self, name: &str) -> ApiResult<&mut ScalingGroup> {
        let group = self.scaling_groups.get_mut(name);
        let group = group.ok_or_else(|| invalid("AutoScalingGroup name not found - null"))?;
        if group.deleting {
            let message = format!("AutoScalingGroup by this name is pending delete - {name}");
            return Err(ApiError::new("ScalingActivityInProgress", message));
        }
        Ok(group)
    }

    /// `CreateAutoScalingGroup`: the instances are launched at once.
    pub(crate) fn create_auto_scaling_group(
        &mut self,
        name: &str,
        spec: &GroupSpec,
        hooks: &[(String, Hook)],
        target_groups: &[String],
        load_balancers: &[String],
        tags: &Tags,
    ) -> ApiResult<()> {
        require((1..=255).contains(&name.len()), || invalid("AutoScalingGroupName has 1 to 255 characters"))?;
        if let Some(there) = self.scaling_groups.get(name) {
            let why = if there.deleting { "is pending delete" } else { "already exists" };
            let message = format!("AutoScalingGroup by this name already exists - A group with the name {name} {why}");
            return Err(ApiError::new("AlreadyExists", message));
        }
        let tags = merged(Service::AutoScaling, &Tags::default(), tags)?;
        self.check_group(spec)?;
        self.check_target_groups(target_groups)?;
        self.check_classic_load_balancers(load_balancers)?;
        for (hook, settings) in hooks {
            settings.check(hook)?;
        }
        let quota = self.quotas.auto_scaling_groups;
        room(self.scaling_groups.len(), quota, "LimitExceeded", "auto scaling groups")?;
        let group = ScalingGroup {
            name: name.to_owned(),
            spec: spec.clone(),
            desired: spec.min,
            target_groups: target_groups.to_vec(),
            classic_load_balancers: load_balancers.to_vec(),
            metrics: BTreeSet::new(),
            suspended: BTreeSet::new(),
            hooks: hooks.iter().cloned().collect(),
            warm_pool: None,
            deleting: false,
            last_failure: None,
            tags,
        };
        self.scaling_groups.insert(name.to_owned(), group);
        self.adjust_group(name);
        Ok(())
    }

    fn check_group(&self, spec: &GroupSpec) -> ApiResult<()> {
        require(0 <= spec.min && spec.min <= spec.max, || {
            invalid(format!("Max bound, {}, must be greater than or equal to min bound, {}", spec.max, spec.min))
        })?;
        require(
            spec.max_instance_lifetime == 0 || (86_400..=31_536_000).contains(&spec.max_instance_lifetime),
            || invalid("Max instance lifetime is at least 86400 (one day) and at most 31536000 (365 days) seconds"),
        )?;
        let template = spec.source.template();
        let found = self.launch_templates.get(template).and_then(|template| template.latest());
        let data = found.ok_or_else(|| {
            invalid(format!(
                "You must use a valid fully-formed launch template. The specified launch template, with template \
                name {template}, does not exist."
            ))
        })?;
        if let Some(profile) = data.instance_profile.as_ref().map(kedge_resource::Ref::bare) {
            let visible = self.instance_profiles.get(profile).is_some_and(|it| it.visible_from_ms <= self.now_ms);
            require(visible, || {
                invalid(format!(
                    "You must use a valid fully-formed launch template. Value ({profile}) for parameter \
                    iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
                ))
            })?;
        }
        require(!spec.subnets.is_empty(), || invalid("At least one Availability Zone or VPC Subnet is required."))?;
        let mut vpcs = BTreeSet::new();
        for id in &spec.subnets {
            let subnet = self.subnets.get(id);
            vpcs.insert(&subnet.ok_or_else(|| invalid(format!("The subnet ID '{id}' does not exist")))?.vpc);
        }
        require(vpcs.len() == 1, || invalid("The subnets are not all of one VPC."))?;
        for interface in &data.network_interfaces {
            for group in &interface.security_groups {
                let group = self.security_groups.get(group.bare());
                require(group.is_some_and(|group| vpcs.contains(&group.vpc)), || {
                    invalid(
                        "You must use a valid fully-formed launch template. A security group and the subnet \
                        belong to different networks.",
                    )
                })?;
            }
        }
        if let Source::Mixed(policy) = &spec.source {
            for over in policy.launch_template.overrides.iter().filter_map(|over| over.instance_type.as_ref()) {
                require(self.instance_types.get(over).is_some(), || {
                    invalid(format!("The instance type {over} of the mixed instances policy does not exist"))
                })?;
            }
        }
        Ok(())
    }

    fn check_target_groups(&self, arns: &[String]) -> ApiResult<()> {
        for arn in arns {
            require(self.target_group_key(arn).is_some(), || invalid(format!("Target group '{arn}' not found")))?;
        }
        Ok(())
    }

    fn check_classic_load_balancers(&self, names: &[String]) -> ApiResult<()> {
        for name in names {
            require(self.classic_load_balancers.contains_key(name), || {
                invalid("Provided Load Balancers may not be valid. Please ensure they exist and try again.")
            })?;
        }
        Ok(())
    }

    /// `UpdateAutoScalingGroup`.
    pub(crate) fn update_auto_scaling_group(&mut self, name: &str, spec: &GroupSpec) -> ApiResult<()> {
        self.scaling_group(name)?;
        self.check_group(spec)?;
        let group = self.scaling_group_mut(name)?;
        group.spec = spec.clone();
        group.desired = group.desired.clamp(spec.min, spec.max);
        self.leave_removed_subnets(name);
        self.adjust_group(name);
        Ok(())
    }

    /// `AttachLoadBalancerTargetGroups`.
    pub(crate) fn attach_target_groups(&mut self, name: &str, arns: &[String]) -> ApiResult<()> {
        self.check_target_groups(arns)?;
        let group = self.scaling_group_mut(name)?;
        for arn in arns {
            if !group.target_groups.contains(arn) {
                group.target_groups.push(arn.clone());
            }
        }
        self.register_targets(name);
        Ok(())
    }

    /// `DetachLoadBalancerTargetGroups`.
    pub(crate) fn detach_target_groups(&mut self, name: &str, arns: &[String]) -> ApiResult<()> {
        let group = self.scaling_group_mut(name)?;
        require(arns.iter().all(|arn| group.target_groups.contains(arn)), || {
            invalid(format!("Trying to remove Target Groups that are not part of the group {name}"))
        })?;
        group.target_groups.retain(|arn| !arns.contains(arn));
        let keys: Vec<String> = arns.iter().filter_map(|arn| self.target_group_key(arn)).collect();
        for (_, target_group) in self.target_groups.iter_mut().filter(|(key, _)| keys.contains(key)) {
            let of_group =
                |id: &String| self.instances.get(id).is_some_and(|instance| instance.group.as_deref() == Some(name));
            target_group.targets.retain(|id| !of_group(id));
        }
        Ok(())
    }

    /// `AttachLoadBalancers` and `DetachLoadBalancers`, for classic ones.
    pub(crate) fn set_classic_load_balancers(&mut self, name: &str, names: &[String], on: bool) -> ApiResult<()> {
        if on {
            self.check_classic_load_balancers(names)?;
        }
        let group = self.scaling_group_mut(name)?;
        group.classic_load_balancers.retain(|it| !names.contains(it));
        if on {
            group.classic_load_balancers.extend(names.iter().cloned());
        }
        Ok(())
    }

    /// `EnableMetricsCollection` and `DisableMetricsCollection`.
    pub(crate) fn set_metrics(&mut self, name: &str, metrics: &[String], on: bool) -> ApiResult<()> {
        let known = |metric: &String| metric.starts_with("Group") || metric.starts_with("WarmPool");
        require(metrics.iter().all(known), || invalid("Unknown metric"))?;
        let group = self.scaling_group_mut(name)?;
        for metric in metrics {
            if on {
                group.metrics.insert(metric.clone());
            } else {
                group.metrics.remove(metric);
            }
        }
        Ok(())
    }

    /// `SuspendProcesses` and `ResumeProcesses`.
    pub(crate) fn set_suspended(&mut self, name: &str, processes: &[String], on: bool) -> ApiResult<()> {
        for process in processes {
            require(PROCESSES.contains(&process.as_str()), || invalid(format!("Unknown process type: {process}")))?;
        }
        let group = self.scaling_group_mut(name)?;
        for process in processes {
            if on {
                group.suspended.insert(process.clone());
            } else {
                group.suspended.remove(process);
            }
        }
        self.adjust_group(name);
        Ok(())
    }

    /// `CreateOrUpdateTags`.
    pub(crate) fn tag_group(&mut self, name: &str, new: &Tags) -> ApiResult<()> {
        let group = self.scaling_group_mut(name)?;
        group.tags = merged(Service::AutoScaling, &group.tags, new)?;
        Ok(())
    }

    /// `DeleteAutoScalingGroup`; with `force` its instances go too, and the group when they are gone.
    pub(crate) fn delete_auto_scaling_group(&mut self, name: &str, force: bool) -> ApiResult<()> {
        self.scaling_group(name)?;
        let members: Vec<String> = self.members(name).map(|instance| instance.id.clone()).collect();
        require(force || members.is_empty(), || {
            let message = "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance \
                request(s) still in the group.";
            ApiError::new("ResourceInUse", message)
        })?;
        if let Some(group) = self.scaling_groups.get_mut(name) {
            group.deleting = true;
            group.desired = 0;
        }
        let _known = self.terminate_instances(&members);
        self.group_lost_instance(name);
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
