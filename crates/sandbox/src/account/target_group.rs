//! `CreateTargetGroup`, `ModifyTargetGroup`, `ModifyTargetGroupAttributes`, `DeleteTargetGroup`, and `AddTags` of the
//! load balancing service.

use std::collections::{BTreeMap, BTreeSet};

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::quota::room;
use super::tagging::{Service, merged};

/// How targets are checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HealthCheck {
    pub(crate) protocol: String,
    #[serde(default)]
    pub(crate) path: Option<String>,
    pub(crate) interval: i32,
    pub(crate) healthy: i32,
    pub(crate) unhealthy: i32,
}

/// A target group.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetGroup {
    pub(crate) arn: String,
    pub(crate) name: String,
    /// Absent in a group of which only the name is known.
    #[serde(default)]
    pub(crate) vpc: Option<String>,
    pub(crate) port: i32,
    pub(crate) protocol: String,
    pub(crate) health_check: HealthCheck,
    /// Attributes that somebody set.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
    /// Registered instances.
    #[serde(default)]
    pub(crate) targets: BTreeSet<String>,
    pub(crate) tags: Tags,
}

/// Attributes that target groups of network load balancers have.
const ATTRIBUTES: &[&str] = &[
    "deregistration_delay.connection_termination.enabled",
    "deregistration_delay.timeout_seconds",
    "load_balancing.cross_zone.enabled",
    "preserve_client_ip.enabled",
    "proxy_protocol_v2.enabled",
    "stickiness.enabled",
    "stickiness.type",
    "target_health_state.unhealthy.connection_termination.enabled",
    "target_health_state.unhealthy.draining_interval_seconds",
];

impl HealthCheck {
    fn check(&self) -> ApiResult<()> {
        let bad = |message: &str| ApiError::new("ValidationError", message);
        let http = matches!(self.protocol.as_str(), "HTTP" | "HTTPS");
        require(http || self.protocol == "TCP", || bad("Health check protocol is TCP, HTTP or HTTPS"))?;
        require(http || self.path.is_none(), || bad("Health check path is not supported for TCP health checks"))?;
        require((5..=300).contains(&self.interval), || bad("Health check interval is from 5 to 300 seconds"))?;
        require((2..=10).contains(&self.healthy), || bad("Healthy threshold count is from 2 to 10"))?;
        require((2..=10).contains(&self.unhealthy), || bad("Unhealthy threshold count is from 2 to 10"))
    }
}

fn not_found(arn: &str) -> ApiError {
    ApiError::new("TargetGroupNotFound", format!("Target groups '{arn}' not found"))
}

impl Account {
    /// The key of the group that an ARN names. Groups of which the facts give only the name answer to any ARN with it.
    pub(crate) fn target_group_key(&self, arn: &str) -> Option<String> {
        if self.target_groups.contains_key(arn) {
            return Some(arn.to_owned());
        }
        let name = arn.rsplit_once("targetgroup/").map_or(arn, |(_, rest)| rest.split('/').next().unwrap_or(rest));
        let mut nameless = self.target_groups.values().filter(|group| group.vpc.is_none());
        nameless.find(|group| group.name == name).map(|group| group.arn.clone())
    }

    /// `CreateTargetGroup`.
    pub(crate) fn create_target_group(
        &mut self,
        name: &str,
        vpc: &str,
        port: (&str, i32),
        health_check: &HealthCheck,
        tags: &Tags,
    ) -> ApiResult<TargetGroup> {
        let tags = merged(Service::LoadBalancing, &Tags::default(), tags)?;
        let (protocol, number) = port;
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let good = (1..=32).contains(&name.len()) && name.chars().all(allowed);
        require(good && !name.starts_with('-') && !name.ends_with('-'), || {
            let message = format!("Target group name '{name}' has 1 to 32 letters, digits and hyphens");
            ApiError::new("ValidationError", message)
        })?;
        require(matches!(protocol, "TCP" | "TLS" | "UDP" | "TCP_UDP") && (1..=65535).contains(&number), || {
            ApiError::new("ValidationError", format!("Port {number} and protocol {protocol} are not valid"))
        })?;
        health_check.check()?;
        require(self.vpcs.contains_key(vpc), || {
            ApiError::new("ValidationError", format!("The VPC ID '{vpc}' is not found"))
        })?;
        if let Some(there) = self.target_groups.values().find(|group| group.name == name) {
            let same = there.vpc.as_deref() == Some(vpc)
                && (there.protocol.as_str(), there.port) == port
                && there.health_check == *health_check
                && there.tags == tags;
            return if same {
                Ok(there.clone())
            } else {
                let message = "A target group with the same name exists, but with different settings";
                Err(ApiError::new("DuplicateTargetGroupName", message))
            };
        }
        let quota = self.quotas.target_groups;
        room(self.target_groups.len(), quota, "TooManyTargetGroups", "target groups")?;
        let arn = self.new_target_group_arn(name);
        let group = TargetGroup {
            arn: arn.clone(),
            name: name.to_owned(),
            vpc: Some(vpc.to_owned()),
            port: number,
            protocol: protocol.to_owned(),
            health_check: health_check.clone(),
            attributes: BTreeMap::new(),
            targets: BTreeSet::new(),
            tags,
        };
        self.target_groups.insert(arn, group.clone());
        Ok(group)
    }

    pub(crate) fn new_target_group_arn(&mut self, name: &str) -> String {
        let digits = self.new_digits("targetgroup", name);
        self.arn("elasticloadbalancing", &format!("targetgroup/{name}/{digits}"))
    }

    /// `ModifyTargetGroup`.
    pub(crate) fn modify_target_group(&mut self, arn: &str, health_check: &HealthCheck) -> ApiResult<()> {
        health_check.check()?;
        let group = self.target_groups.get_mut(arn).ok_or_else(|| not_found(arn))?;
        group.health_check = health_check.clone();
        Ok(())
    }

    /// `ModifyTargetGroupAttributes`; an empty value takes an attribute back to its default.
    pub(crate) fn modify_target_group_attributes(
        &mut self,
        arn: &str,
        attributes: &BTreeMap<String, String>,
    ) -> ApiResult<()> {
        for key in attributes.keys() {
            require(ATTRIBUTES.contains(&key.as_str()), || {
                let message = format!("Target group attribute key '{key}' is not recognized");
                ApiError::new("ValidationError", message)
            })?;
        }
        let group = self.target_groups.get_mut(arn).ok_or_else(|| not_found(arn))?;
        for (key, value) in attributes {
            if value.is_empty() {
                group.attributes.remove(key);
            } else {
                group.attributes.insert(key.clone(), value.clone());
            }
        }
        Ok(())
    }

    /// `DeleteTargetGroup`: not while a listener forwards to it; one that does not exist is no error.
    pub(crate) fn delete_target_group(&mut self, arn: &str) -> ApiResult<()> {
        require(!self.listeners.values().any(|listener| listener.target_group == arn), || {
            let message = format!("Target group '{arn}' is currently in use by a listener or a rule");
            ApiError::new("ResourceInUse", message)
        })?;
        self.target_groups.remove(arn);
        Ok(())
    }

    /// `elasticloadbalancing:AddTags`, on a load balancer or a target group.
    pub(crate) fn add_balancing_tags(&mut self, arn: &str, new: &Tags) -> ApiResult<()> {
        let balancer = self.load_balancers.get_mut(arn).map(|it| &mut it.tags);
        let tags = balancer.or_else(|| self.target_groups.get_mut(arn).map(|it| &mut it.tags));
        let tags = tags.ok_or_else(|| not_found(arn))?;
        *tags = merged(Service::LoadBalancing, tags, new)?;
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::{Account, HealthCheck};
    use crate::account::testing::tags;

    pub(crate) fn check() -> HealthCheck {
        HealthCheck { protocol: "TCP".to_owned(), path: None, interval: 10, healthy: 2, unhealthy: 2 }
    }

    pub(crate) fn target_group(account: &mut Account, vpc: &str, name: &str) -> String {
        account.create_target_group(name, vpc, ("TCP", 443), &check(), &tags(name)).unwrap().arn
    }
}

#[cfg(test)]
mod tests {
    use super::super::scaling_group::testing::{group, spec};
    use super::super::testing::{account, code, tags, vpc};
    use super::testing::{check, target_group};
    use super::*;

    #[test]
    fn names_and_checks() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let arn = target_group(&mut account, &id, "tcp");
        assert_eq!(target_group(&mut account, &id, "tcp"), arn);
        let other = account.create_target_group("tcp", &id, ("TLS", 443), &check(), &tags("tcp"));
        assert_eq!(code(other), "DuplicateTargetGroupName");
        let mut make = |name: &str, check: &HealthCheck| {
            code(account.create_target_group(name, &id, ("TCP", 443), check, &tags(name)))
        };
        assert_eq!(make(&"x".repeat(33), &check()), "ValidationError");
        assert_eq!(make("x", &HealthCheck { path: Some("/".to_owned()), ..check() }), "ValidationError");
        assert_eq!(make("x", &HealthCheck { interval: 1, ..check() }), "ValidationError");
        assert_eq!(code(account.add_balancing_tags("arn", &tags("x"))), "TargetGroupNotFound");
    }

    #[test]
    fn instances_register() {
        let mut account = account();
        let (name, id) = group(&mut account, &spec(2, 2));
        let arn = target_group(&mut account, &id, "tcp");
        account.attach_target_groups(&name, std::slice::from_ref(&arn)).unwrap();
        assert_eq!(account.target_groups[&arn].targets.len(), 2);
        account.detach_target_groups(&name, std::slice::from_ref(&arn)).unwrap();
        assert!(account.target_groups[&arn].targets.is_empty());
        assert_eq!(code(account.detach_target_groups(&name, &[arn])), "ValidationError");
    }
}
