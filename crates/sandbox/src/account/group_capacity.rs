//! What an auto scaling group does by itself: launch, terminate, register.

use std::collections::BTreeMap;

use super::Account;
use super::instance::{Instance, Launch};
use super::scaling_group::{ScalingGroup, Source};

/// Seconds that a group waits for an instance to shut down.
const TERMINATED_SECONDS: u64 = 30;

impl Account {
    /// Instances of a group that are alive, without its warm pool.
    pub(crate) fn members<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Instance> + 'a {
        self.group_instances(name).filter(|instance| !instance.warm)
    }

    /// Instances of a group and its warm pool that are alive.
    fn group_instances<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Instance> + 'a {
        self.instances.values().filter(move |instance| instance.alive() && instance.group.as_deref() == Some(name))
    }

    /// Makes the number of instances what the group wants.
    pub(crate) fn adjust_group(&mut self, name: &str) {
        let Some(group) = self.scaling_groups.get(name).cloned() else { return };
        if group.deleting {
            return;
        }
        self.adjust_part(&group, usize::try_from(group.desired).unwrap_or_default(), false);
        let prepared = group.warm_pool.as_ref().map_or(0, |pool| pool.size(&group));
        self.adjust_part(&group, prepared, true);
        self.register_targets(name);
    }

    fn adjust_part(&mut self, group: &ScalingGroup, wanted: usize, warm: bool) {
        let have: Vec<String> =
            self.group_instances(&group.name).filter(|it| it.warm == warm).map(|it| it.id.clone()).collect();
        if have.len() < wanted && !group.suspended.contains("Launch") {
            for _ in have.len()..wanted {
                let failure = self.launch_one(group, warm).err();
                let failed = failure.is_some();
                if let Some(group) = self.scaling_groups.get_mut(&group.name) {
                    group.last_failure = failure;
                }
                if failed {
                    break;
                }
            }
        } else if !group.suspended.contains("Terminate") {
            for _ in wanted..have.len() {
                self.terminate_one(group, warm);
            }
        }
    }

    /// How many instances of the group each of its subnets has, in the group's order.
    fn spread(&self, group: &ScalingGroup, warm: bool) -> Vec<(usize, String)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for instance in self.group_instances(&group.name).filter(|instance| instance.warm == warm) {
            *counts.entry(&instance.subnet).or_default() += 1;
        }
        let count = |subnet: &String| counts.get(subnet.as_str()).copied().unwrap_or_default();
        group.spec.subnets.iter().map(|subnet| (count(subnet), subnet.clone())).collect()
    }

    fn launch_one(&mut self, group: &ScalingGroup, warm: bool) -> Result<(), String> {
        let name = group.spec.source.template();
        let template = self.launch_templates.get(name).ok_or_else(|| format!("launch template {name} is gone"))?;
        let (id, version) = (template.id.clone(), template.versions.len());
        let data = template.latest().cloned().ok_or_else(|| format!("launch template {name} has no version"))?;
        let instance_type = match &group.spec.source {
            Source::Template(_) => None,
            Source::Mixed(policy) => {
                policy.launch_template.overrides.iter().find_map(|over| over.instance_type.clone())
            }
        };
        let mut places = self.spread(group, warm);
        // Stable: equally empty subnets in the group's order.
        places.sort_by_key(|(count, _)| *count);
        let subnet = places.into_iter().next().map(|(_, subnet)| subnet).unwrap_or_default();
        let launch = Launch {
            data: &data,
            template: (&id, version),
            instance_type: instance_type.as_deref().unwrap_or(&data.instance_type),
            subnet: &subnet,
            group: &group.name,
            warm,
            protected: group.spec.protected,
            tags: &group.tags,
        };
        self.launch(&launch).map(|_| ()).map_err(|error| error.message)
    }

    fn terminate_one(&mut self, group: &ScalingGroup, warm: bool) {
        let fullest = self.spread(group, warm).into_iter().max_by_key(|(count, _)| *count);
        let victim = self
            .group_instances(&group.name)
            .filter(|instance| instance.warm == warm && !instance.protected)
            .max_by_key(|instance| {
                (fullest.as_ref().is_some_and(|(_, subnet)| *subnet == instance.subnet), &instance.id)
            })
            .map(|instance| instance.id.clone());
        if let Some(victim) = victim {
            self.shut_down(&victim, TERMINATED_SECONDS + group.terminating_hook_seconds());
        }
    }

    /// Ends the instances in subnets that the group no longer has, as rebalancing does when zones of a group change
    /// (<https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html#AutoScalingBehavior.InstanceUsage>).
    pub(crate) fn leave_removed_subnets(&mut self, name: &str) {
        let Some(group) = self.scaling_groups.get(name).cloned() else { return };
        if group.suspended.contains("AZRebalance") || group.suspended.contains("Terminate") {
            return;
        }
        let stray: Vec<String> = self
            .group_instances(name)
            .filter(|instance| !instance.protected && !group.spec.subnets.contains(&instance.subnet))
            .map(|instance| instance.id.clone())
            .collect();
        for instance in stray {
            self.shut_down(&instance, TERMINATED_SECONDS + group.terminating_hook_seconds());
        }
    }

    /// Registers the running members with the group's target groups.
    pub(crate) fn register_targets(&mut self, name: &str) {
        let Some(group) = self.scaling_groups.get(name) else { return };
        if group.suspended.contains("AddToLoadBalancer") {
            return;
        }
        let members: Vec<String> = self.members(name).map(|instance| instance.id.clone()).collect();
        let keys: Vec<String> = group.target_groups.iter().filter_map(|arn| self.target_group_key(arn)).collect();
        for (_, target_group) in self.target_groups.iter_mut().filter(|(key, _)| keys.contains(key)) {
            target_group.targets.extend(members.iter().cloned());
        }
    }

    /// An instance of the group is gone: the group launches another, or is gone too if it was being deleted.
    pub(crate) fn group_lost_instance(&mut self, name: &str) {
        let deleting = self.scaling_groups.get(name).is_some_and(|group| group.deleting);
        if !deleting {
            self.adjust_group(name);
            return;
        }
        let left = self.instances.values().any(|it| it.group.as_deref() == Some(name) && it.state != "terminated");
        if !left {
            self.scaling_groups.remove(name);
        }
    }
}
