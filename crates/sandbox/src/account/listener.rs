//! `CreateListener`, `ModifyListener`, `DeleteListener`.

use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::quota::room;

/// A listener of a network load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listener {
    #[serde(default)]
    pub(crate) arn: String,
    pub(crate) load_balancer: String,
    pub(crate) port: i32,
    pub(crate) protocol: String,
    pub(crate) target_group: String,
    #[serde(default)]
    pub(crate) certificate: Option<String>,
    #[serde(default)]
    pub(crate) ssl_policy: Option<String>,
}

impl Account {
    fn check_listener(&self, listener: &Listener) -> ApiResult<()> {
        let balancer = self.load_balancer(&listener.load_balancer)?;
        let group = self.target_groups.get(&listener.target_group).ok_or_else(|| {
            let message = format!("One or more target groups not found: '{}'", listener.target_group);
            ApiError::new("TargetGroupNotFound", message)
        })?;
        require(group.vpc.as_ref().is_none_or(|vpc| *vpc == balancer.vpc), || {
            let message = "The target group and the load balancer are of different VPCs";
            ApiError::new("InvalidConfigurationRequest", message)
        })?;
        let tls = listener.protocol == "TLS";
        require(tls || listener.protocol == "TCP", || {
            let message = format!("Protocol {} is not supported for this listener", listener.protocol);
            ApiError::new("UnsupportedProtocol", message)
        })?;
        require(tls == listener.certificate.is_some(), || {
            let message = "A certificate must be specified for TLS listeners, and for these only";
            ApiError::new(if tls { "CertificateNotFound" } else { "InvalidConfigurationRequest" }, message)
        })?;
        require(tls || listener.ssl_policy.is_none(), || {
            ApiError::new("InvalidConfigurationRequest", "Only TLS listeners have a security policy")
        })?;
        require(matches!(group.protocol.as_str(), "TCP" | "TLS"), || {
            let message = format!("A {} listener cannot forward to a {} group", listener.protocol, group.protocol);
            ApiError::new("InvalidConfigurationRequest", message)
        })?;
        require((1..=65535).contains(&listener.port), || {
            ApiError::new("ValidationError", format!("Port {} is not valid", listener.port))
        })
    }

    /// `CreateListener`.
    pub(crate) fn create_listener(&mut self, listener: &Listener) -> ApiResult<Listener> {
        self.check_listener(listener)?;
        let mut same = self.listeners.values().filter(|other| other.load_balancer == listener.load_balancer);
        require(!same.clone().any(|other| other.port == listener.port), || {
            ApiError::new("DuplicateListener", "A listener already exists on this port for this load balancer")
        })?;
        let quota = self.quotas.listeners_per_load_balancer;
        room(same.by_ref().count(), quota, "TooManyListeners", "listeners of the load balancer")?;
        let digits = self.new_digits("listener", &format!("{} {}", listener.load_balancer, listener.port));
        let arn = format!("{}/{digits}", listener.load_balancer.replacen(":loadbalancer/", ":listener/", 1));
        let made = Listener { arn: arn.clone(), ..listener.clone() };
        self.listeners.insert(arn, made.clone());
        Ok(made)
    }

    /// `ModifyListener`.
    pub(crate) fn modify_listener(&mut self, arn: &str, listener: &Listener) -> ApiResult<()> {
        let there = self.listeners.get(arn);
        let there = there
            .ok_or_else(|| ApiError::new("ListenerNotFound", format!("One or more listeners not found: '{arn}'")))?;
        let changed = Listener {
            arn: arn.to_owned(),
            load_balancer: there.load_balancer.clone(),
            port: there.port,
            ..listener.clone()
        };
        self.check_listener(&changed)?;
        self.listeners.insert(arn.to_owned(), changed);
        Ok(())
    }

    /// `DeleteListener`.
    pub(crate) fn delete_listener(&mut self, arn: &str) -> ApiResult<()> {
        require(self.listeners.remove(arn).is_some(), || {
            ApiError::new("ListenerNotFound", format!("One or more listeners not found: '{arn}'"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::load_balancer::testing::balancer;
    use super::super::target_group::testing::target_group;
    use super::super::testing::{account, code, vpc};
    use super::*;

    #[test]
    fn ports_are_unique_and_groups_are_held() {
        let mut account = account();
        let (arn, id, _) = balancer(&mut account);
        let group = target_group(&mut account, &id, "tcp");
        let listener = Listener {
            arn: String::new(),
            load_balancer: arn.clone(),
            port: 443,
            protocol: "TCP".to_owned(),
            target_group: group.clone(),
            certificate: None,
            ssl_policy: None,
        };
        let made = account.create_listener(&listener).unwrap();
        assert!(made.arn.contains(":listener/net/api/"));
        assert_eq!(code(account.create_listener(&listener)), "DuplicateListener");
        assert_eq!(code(account.delete_target_group(&group)), "ResourceInUse");
        let tls = Listener { protocol: "TLS".to_owned(), ..listener.clone() };
        assert_eq!(code(account.modify_listener(&made.arn, &tls)), "CertificateNotFound");
        let other = vpc(&mut account, "other");
        let elsewhere = target_group(&mut account, &other, "elsewhere");
        let moved = Listener { target_group: elsewhere, ..listener.clone() };
        assert_eq!(code(account.modify_listener(&made.arn, &moved)), "InvalidConfigurationRequest");
        let gone = Listener { target_group: "arn".to_owned(), port: 22, ..listener };
        assert_eq!(code(account.create_listener(&gone)), "TargetGroupNotFound");
        account.delete_listener(&made.arn).unwrap();
        assert_eq!(code(account.delete_listener(&made.arn)), "ListenerNotFound");
        account.delete_target_group(&group).unwrap();
    }
}
