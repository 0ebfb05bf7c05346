//! `AuthorizeSecurityGroupIngress`/`…Egress` and `RevokeSecurityGroupIngress`/`…Egress`.

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::cidr;
use super::tagging::{Service, merged};

/// A rule of a security group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    #[serde(default)]
    pub(crate) id: String,
    pub(crate) ingress: bool,
    pub(crate) protocol: String,
    #[serde(default)]
    pub(crate) from_port: Option<i32>,
    #[serde(default)]
    pub(crate) to_port: Option<i32>,
    #[serde(default)]
    pub(crate) cidr: Option<String>,
    #[serde(default)]
    pub(crate) cidr_ipv6: Option<String>,
    #[serde(default)]
    pub(crate) prefix_list: Option<String>,
    #[serde(default)]
    pub(crate) peer_group: Option<String>,
    #[serde(default)]
    pub(crate) tags: Tags,
}

impl Rule {
    /// The rule that lets everything out to `range`.
    pub(crate) fn all_egress(range: &str) -> Self {
        let ipv6 = range.contains(':');
        Self {
            id: String::new(),
            ingress: false,
            protocol: "-1".to_owned(),
            from_port: None,
            to_port: None,
            cidr: (!ipv6).then(|| range.to_owned()),
            cidr_ipv6: ipv6.then(|| range.to_owned()),
            prefix_list: None,
            peer_group: None,
            tags: Tags::default(),
        }
    }

    /// Whether two rules let the same traffic through.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.content() == other.content()
    }

    /// What the rule says, as one text.
    pub(crate) fn content(&self) -> String {
        let direction = if self.ingress { "from" } else { "to" };
        let ports = match (self.from_port, self.to_port) {
            (Some(from), Some(to)) => format!("{from}-{to}"),
            _ => "all".to_owned(),
        };
        let peers = [&self.cidr, &self.cidr_ipv6, &self.prefix_list, &self.peer_group];
        let peer = peers.into_iter().flatten().next().map(String::as_str).unwrap_or_default();
        format!("{} {ports} {direction} {peer}", self.protocol)
    }

    /// The rule as AWS keeps it: protocol names, canonical ranges, ports only where there are ports.
    fn canonical(&self) -> ApiResult<Self> {
        let mut rule = self.clone();
        rule.protocol = match self.protocol.as_str() {
            "6" => "tcp",
            "17" => "udp",
            "1" => "icmp",
            "58" => "icmpv6",
            "all" => "-1",
            other => other,
        }
        .to_owned();
        rule.cidr = self.cidr.as_ref().map(|text| cidr::ipv4("CidrIp", text).map(|net| net.to_string())).transpose()?;
        rule.cidr_ipv6 =
            self.cidr_ipv6.as_ref().map(|text| cidr::ipv6("CidrIpv6", text).map(|net| net.to_string())).transpose()?;
        let peers = [&rule.cidr, &rule.cidr_ipv6, &rule.prefix_list, &rule.peer_group];
        require(peers.into_iter().flatten().count() == 1, || {
            ApiError::new("InvalidPermission.Malformed", "A permission names exactly one peer.")
        })?;
        let bad_ports = || {
            let (from, to) = (rule.from_port.unwrap_or(-1), rule.to_port.unwrap_or(-1));
            ApiError::new("InvalidParameterValue", format!("Invalid port range for {}: {from} to {to}", rule.protocol))
        };
        match rule.protocol.as_str() {
            "tcp" | "udp" => {
                let (Some(from), Some(to)) = (rule.from_port, rule.to_port) else { return Err(bad_ports()) };
                require((0..=65535).contains(&from) && (from..=65535).contains(&to), bad_ports)?;
            }
            "icmp" | "icmpv6" => {
                let (from, to) = (rule.from_port.unwrap_or(-1), rule.to_port.unwrap_or(-1));
                require((-1..=255).contains(&from) && (-1..=255).contains(&to), bad_ports)?;
                (rule.from_port, rule.to_port) = (Some(from), Some(to));
            }
            other => {
                let number = other.parse::<i32>();
                require(number.is_ok_and(|number| (-1..=255).contains(&number)), || {
                    ApiError::new("InvalidPermission.Malformed", format!("Unknown protocol {other}"))
                })?;
                (rule.from_port, rule.to_port) = (None, None);
            }
        }
        Ok(rule)
    }
}

impl Account {
    /// Puts the rules into a group that AWS puts into each new one.
    pub(crate) fn put_default_egress(&mut self, group: &str) {
        let Some(vpc) = self.security_groups.get(group).map(|group| group.vpc.clone()) else { return };
        let ipv6 = self.vpcs.get(&vpc).is_some_and(|vpc| vpc.ipv6_cidr().is_some());
        for range in ["0.0.0.0/0", "::/0"].into_iter().take(if ipv6 { 2 } else { 1 }) {
            let mut rule = Rule::all_egress(range);
            rule.id = self.new_id("sgr", &format!("{group} {}", rule.content()));
            if let Some(group) = self.security_groups.get_mut(group) {
                group.rules.push(rule);
            }
        }
    }

    /// `AuthorizeSecurityGroupIngress` or `…Egress`: all of `rules` or none. Returns them with their ids.
    pub(crate) fn authorize(&mut self, group: &str, rules: &[Rule], tags: &Tags) -> ApiResult<Vec<Rule>> {
        let there = self.security_group(group)?;
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        let rules = rules.iter().map(Rule::canonical).collect::<ApiResult<Vec<_>>>()?;
        for (at, rule) in rules.iter().enumerate() {
            let again = rules.iter().take(at).chain(&there.rules).any(|other| other.same(rule));
            require(!again, || {
                let message = format!("the specified rule \"{}\" already exists", rule.content());
                ApiError::new("InvalidPermission.Duplicate", message)
            })?;
            if let Some(peer) = &rule.peer_group {
                self.security_group(peer)?;
            }
        }
        for ingress in [true, false] {
            let count = |rules: &[Rule]| rules.iter().filter(|rule| rule.ingress == ingress).count();
            let quota = self.quotas.rules_per_security_group;
            require(count(&there.rules) + count(&rules) <= quota, || {
                let message = format!("The maximum number of rules per security group has been reached ({quota}).");
                ApiError::new("RulesPerSecurityGroupLimitExceeded", message)
            })?;
        }
        let mut made = Vec::new();
        for mut rule in rules {
            rule.id = self.new_id("sgr", &format!("{group} {}", rule.content()));
            rule.tags = tags.clone();
            made.push(rule);
        }
        if let Some(group) = self.security_groups.get_mut(group) {
            group.rules.extend(made.iter().cloned());
        }
        Ok(made)
    }

    /// `RevokeSecurityGroupIngress` or `…Egress` by the ids of rules: all or none.
    pub(crate) fn revoke(&mut self, group: &str, ids: &[String]) -> ApiResult<()> {
        let there = self.security_group(group)?;
        for id in ids {
            require(there.rules.iter().any(|rule| rule.id == *id), || {
                let message = format!("The security group rule ID '{id}' does not exist");
                ApiError::new("InvalidSecurityGroupRuleId.NotFound", message)
            })?;
        }
        if let Some(group) = self.security_groups.get_mut(group) {
            group.rules.retain(|rule| !ids.contains(&rule.id));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::Rule;
    use kedge_resource::Tags;

    /// A rule with a peer group or, with a `/` in the peer, a range.
    pub(crate) fn rule(ingress: bool, protocol: &str, ports: Option<(i32, i32)>, peer: &str) -> Rule {
        let range = peer.contains('/').then(|| peer.to_owned());
        Rule {
            id: String::new(),
            ingress,
            protocol: protocol.to_owned(),
            from_port: ports.map(|ports| ports.0),
            to_port: ports.map(|ports| ports.1),
            cidr: range.clone().filter(|range| !range.contains(':')),
            cidr_ipv6: range.clone().filter(|range| range.contains(':')),
            prefix_list: None,
            peer_group: range.is_none().then(|| peer.to_owned()),
            tags: Tags::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, tags, vpc};
    use super::testing::rule;
    use super::*;

    fn group(account: &mut Account) -> String {
        let id = vpc(account, "v");
        account.create_security_group(&id, "g", "g", &tags("g")).unwrap().id
    }

    #[test]
    fn all_rules_of_a_call_or_none() {
        let mut account = account();
        let group = group(&mut account);
        let ssh = rule(true, "tcp", Some((22, 22)), "10.0.0.9/8");
        let made = account.authorize(&group, std::slice::from_ref(&ssh), &tags("r")).unwrap();
        assert_eq!(made[0].cidr.as_deref(), Some("10.0.0.0/8"));
        let other = rule(true, "udp", Some((1, 65535)), "10.0.0.0/8");
        let answer = account.authorize(&group, &[other, rule(true, "6", Some((22, 22)), "10.0.0.0/8")], &tags("r"));
        assert_eq!(code(answer), "InvalidPermission.Duplicate");
        assert_eq!(account.security_groups[&group].rules.len(), 2);
        let unknown = account.authorize(&group, &[rule(true, "-1", None, "sg-1")], &tags("r"));
        assert_eq!(code(unknown), "InvalidGroup.NotFound");
        let ports = account.authorize(&group, &[rule(true, "tcp", None, "10.0.0.0/8")], &tags("r"));
        assert_eq!(code(ports), "InvalidParameterValue");
        let strange = account.authorize(&group, &[rule(true, "foo", None, "10.0.0.0/8")], &tags("r"));
        assert_eq!(code(strange), "InvalidPermission.Malformed");
        assert_eq!(code(account.revoke(&group, &["sgr-1".to_owned()])), "InvalidSecurityGroupRuleId.NotFound");
        account.revoke(&group, &[made[0].id.clone()]).unwrap();
    }

    #[test]
    fn a_new_group_lets_everything_out() {
        let mut account = account();
        let group = group(&mut account);
        let rules = account.security_groups[&group].rules.clone();
        assert!(rules.len() == 1 && rules[0].same(&Rule::all_egress("0.0.0.0/0")));
        let again = account.authorize(&group, &[Rule::all_egress("0.0.0.0/0")], &tags("r"));
        assert_eq!(code(again), "InvalidPermission.Duplicate");
        account.revoke(&group, &[rules[0].id.clone()]).unwrap();
    }

    #[test]
    fn sixty_rules_for_each_direction() {
        let mut account = account();
        let group = group(&mut account);
        let rules: Vec<Rule> = (1..=60).map(|port| rule(true, "tcp", Some((port, port)), "0.0.0.0/0")).collect();
        account.authorize(&group, &rules, &tags("r")).unwrap();
        let more = account.authorize(&group, &[rule(true, "tcp", Some((61, 61)), "0.0.0.0/0")], &tags("r"));
        assert_eq!(code(more), "RulesPerSecurityGroupLimitExceeded");
    }
}
