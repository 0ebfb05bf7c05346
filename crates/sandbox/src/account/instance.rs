//! Instances: launching from a template, `TerminateInstances`.

use kedge_resource::Tags;
use kedge_resource::kind::LaunchTemplate as Data;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::cidr;
use super::network_interface::Owner;
use super::tagging::{Service, merged};
use super::timer::{Event, Timer};

/// Seconds until a new instance runs.
const RUNNING_SECONDS: u64 = 20;
/// Seconds until an instance that shuts down is gone.
const TERMINATED_SECONDS: u64 = 30;
/// Milliseconds for which a terminated instance is still shown.
const SHOWN_MS: u64 = 3_600_000;

/// An instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) instance_type: String,
    pub(crate) image: String,
    /// `pending`, `running`, `shutting-down`, `terminated`, `stopping` or `stopped`.
    pub(crate) state: String,
    pub(crate) subnet: String,
    pub(crate) zone: String,
    #[serde(default)]
    pub(crate) private_ip: Option<String>,
    /// The auto scaling group that it belongs to.
    #[serde(default)]
    pub(crate) group: Option<String>,
    /// Whether it waits in the group's warm pool.
    #[serde(default)]
    pub(crate) warm: bool,
    #[serde(default)]
    pub(crate) protected: bool,
    #[serde(default)]
    pub(crate) template_version: Option<String>,
    pub(crate) tags: Tags,
}

impl Instance {
    /// Whether it is there to stay.
    pub(crate) fn alive(&self) -> bool {
        matches!(self.state.as_str(), "pending" | "running" | "stopping" | "stopped")
    }
}

/// How to launch an instance.
#[derive(Clone, Debug)]
pub(crate) struct Launch<'a> {
    /// The template, its id and version.
    pub(crate) data: &'a Data,
    pub(crate) template: (&'a str, usize),
    /// Instead of the template's.
    pub(crate) instance_type: &'a str,
    pub(crate) subnet: &'a str,
    pub(crate) group: &'a str,
    pub(crate) warm: bool,
    pub(crate) protected: bool,
    pub(crate) tags: &'a Tags,
}

impl Account {
    /// What `RunInstances` does for an auto scaling group.
    pub(crate) fn launch(&mut self, launch: &Launch<'_>) -> ApiResult<String> {
        let place = self.subnet(launch.subnet)?.clone();
        let machine = self.instance_types.get(launch.instance_type).ok_or_else(|| {
            let message = format!("The following supplied instance types do not exist: [{}]", launch.instance_type);
            ApiError::new("InvalidInstanceType", message)
        })?;
        let running: i64 = self
            .instances
            .values()
            .filter(|instance| matches!(instance.state.as_str(), "pending" | "running"))
            .filter_map(|instance| self.instance_types.get(&instance.instance_type))
            .map(|machine| i64::from(machine.vcpus))
            .sum();
        let quota = self.quotas.vcpus;
        require(running + i64::from(machine.vcpus) <= quota, || {
            let message =
                format!("You have requested more vCPU capacity than your current vCPU limit of {quota} allows.");
            ApiError::new("VcpuLimitExceeded", message)
        })?;
        let by_kind = |kind: &str| {
            let found = launch.data.tag_specifications.iter().find(|it| it.resource_type == kind);
            found.map(|specification| specification.tags.clone()).unwrap_or_default()
        };
        let mut tags = merged(Service::Ec2, &by_kind("instance"), launch.tags)?;
        tags.set("aws:autoscaling:groupName", launch.group);
        tags.set("aws:ec2launchtemplate:id", launch.template.0);
        tags.set("aws:ec2launchtemplate:version", launch.template.1.to_string());
        let first = launch.data.network_interfaces.first();
        let groups: Vec<String> = match first {
            Some(first) => first.security_groups.iter().map(|group| group.bare().to_owned()).collect(),
            None => Vec::new(),
        };
        let id = self.new_id("i", launch.group);
        let owner = Owner::Instance(id.clone());
        let interface = self.add_interface(launch.subnet, &groups, &id, owner, by_kind("network-interface"))?;
        let public = first.is_some_and(|first| first.associate_public_ip_address) && place.cidr.is_some();
        let public_ip = public.then(|| self.public_ip(&id));
        let number = self.new_number("ipv6", &id);
        let wants_ipv6 = first.is_some_and(|first| first.ipv6_address_count > 0);
        if let Some(interface) = self.network_interfaces.get_mut(&interface) {
            interface.public_ip = public_ip;
            if wants_ipv6 && interface.ipv6.is_none() {
                interface.ipv6 = place.ipv6.as_ref().and_then(|range| cidr::ipv6_address(range, number));
            }
        }
        let private_ip = self.network_interfaces.get(&interface).and_then(|it| it.private_ip.clone());
        let instance = Instance {
            id: id.clone(),
            instance_type: launch.instance_type.to_owned(),
            image: launch.data.image_id.clone(),
            state: if launch.warm { "stopped" } else { "pending" }.to_owned(),
            subnet: launch.subnet.to_owned(),
            zone: place.zone,
            private_ip,
            group: Some(launch.group.to_owned()),
            warm: launch.warm,
            protected: launch.protected,
            template_version: Some(launch.template.1.to_string()),
            tags,
        };
        self.instances.insert(id.clone(), instance);
        if !launch.warm {
            self.after(RUNNING_SECONDS, Event::InstanceRunning(id.clone()));
        }
        Ok(id)
    }

    pub(crate) fn instance_running(&mut self, id: &str) {
        if let Some(instance) = self.instances.get_mut(id)
            && instance.state == "pending"
        {
            "running".clone_into(&mut instance.state);
        }
    }

    /// `TerminateInstances`: all of them or, if one is unknown, none.
    pub(crate) fn terminate_instances(&mut self, ids: &[String]) -> ApiResult<()> {
        for id in ids {
            require(self.instances.contains_key(id), || {
                let message = format!("The instance ID '{id}' does not exist");
                ApiError::new("InvalidInstanceID.NotFound", message)
            })?;
        }
        for id in ids {
            self.shut_down(id, TERMINATED_SECONDS);
        }
        Ok(())
    }

    /// Lets an instance shut down, which takes `seconds`.
    pub(crate) fn shut_down(&mut self, id: &str, seconds: u64) {
        if let Some(instance) = self.instances.get_mut(id)
            && instance.alive()
        {
            "shutting-down".clone_into(&mut instance.state);
            self.after(seconds, Event::InstanceTerminated(id.to_owned()));
            for group in self.target_groups.values_mut() {
                group.targets.remove(id);
            }
        }
    }

    pub(crate) fn instance_terminated(&mut self, id: &str, at_ms: u64) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        "terminated".clone_into(&mut instance.state);
        let group = instance.group.clone();
        self.release_interfaces(id);
        for volume in self.volumes.values_mut().filter(|volume| volume.attached_to.as_deref() == Some(id)) {
            volume.attached_to = None;
        }
        self.timers.push(Timer { due_ms: at_ms + SHOWN_MS, event: Event::InstanceForgotten(id.to_owned()) });
        if let Some(group) = group {
            self.group_lost_instance(&group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scaling_group::testing::{group, spec};
    use super::super::testing::{account, code, pass};

    #[test]
    fn instances_run_after_a_while_and_their_group_replaces_them() {
        let mut account = account();
        let (name, _) = group(&mut account, &spec(1, 3));
        let id = account.instances.keys().next().unwrap().clone();
        assert_eq!(account.instances[&id].state, "pending");
        pass(&mut account, 30);
        assert_eq!(account.instances[&id].state, "running");
        assert_eq!(code(account.terminate_instances(&["i-1".to_owned()])), "InvalidInstanceID.NotFound");
        account.terminate_instances(std::slice::from_ref(&id)).unwrap();
        pass(&mut account, 40);
        let alive: Vec<&String> = account.instances.values().filter(|it| it.alive()).map(|it| &it.id).collect();
        assert_eq!(alive.len(), 1);
        assert_ne!(alive[0], &id);
        assert_eq!(account.instances[&id].group.as_deref(), Some(name.as_str()));
        pass(&mut account, 7200);
        assert!(!account.instances.contains_key(&id));
    }
}
