//! `ssh-open-to-world`: a new rule lets everybody try to log in.

use std::collections::BTreeSet;

use kedge_resource::kind::{Direction, SecurityGroupRule};
use kedge_resource::plan::{Note, Severity};
use kedge_resource::{Plan, Properties};

use super::{made, note};
use crate::CheckOptions;

const SSH: i32 = 22;

pub(super) fn check(plan: &Plan, _: &CheckOptions) -> Vec<Note> {
    let groups: BTreeSet<&str> = made(plan)
        .filter(|(_, properties)| match properties {
            Properties::SecurityGroupRule(rule) => opens_ssh(rule),
            _ => false,
        })
        .map(|(change, _)| group_name(&change.key.name))
        .collect();
    if groups.is_empty() {
        return Vec::new();
    }
    let groups: Vec<&str> = groups.into_iter().collect();
    let text = format!(
        "SSH will be open to the whole internet in {}; narrow spec.sshAccess to the addresses that need it",
        groups.join(", ")
    );
    vec![note(Severity::Warning, "ssh-open-to-world", None, text)]
}

fn opens_ssh(rule: &SecurityGroupRule) -> bool {
    let everybody = [&rule.cidr_ip, &rule.cidr_ipv6]
        .into_iter()
        .flatten()
        .filter_map(|range| range.parse::<ipnet::IpNet>().ok())
        .any(|range| range.prefix_len() == 0);
    let port = match rule.ip_protocol.as_str() {
        "-1" => true,
        "tcp" | "6" => rule.from_port.unwrap_or(0) <= SSH && rule.to_port.unwrap_or(i32::MAX) >= SSH,
        _ => false,
    };
    rule.direction == Direction::Ingress && everybody && port
}

/// The group in the key of a rule, which ends with protocol, ports, direction and peer.
fn group_name(key: &str) -> &str {
    key.rsplitn(5, ' ').nth(4).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{create, plan, ssh_rule};

    #[test]
    fn some_addresses_are_fine() {
        let office = SecurityGroupRule { cidr_ip: Some("192.0.2.0/24".to_owned()), ..ssh_rule() };
        let out = SecurityGroupRule { direction: Direction::Egress, ..ssh_rule() };
        let https = SecurityGroupRule { from_port: Some(443), to_port: Some(443), ..ssh_rule() };
        let changes = vec![
            create("nodes.c.example.com tcp 22 from 192.0.2.0/24", office),
            create("nodes.c.example.com tcp 22 to 0.0.0.0/0", out),
            create("nodes.c.example.com tcp 443 from 0.0.0.0/0", https),
        ];
        assert_eq!(check(&plan(changes), &CheckOptions::default()), []);
    }

    #[test]
    fn everybody_is_one_note_for_all_groups() {
        let v6 = SecurityGroupRule { cidr_ip: None, cidr_ipv6: Some("::/0".to_owned()), ..ssh_rule() };
        let changes = vec![
            create("masters.c.example.com tcp 22 from 0.0.0.0/0", ssh_rule()),
            create("masters.c.example.com tcp 22 from ::/0", v6),
            create("nodes.c.example.com tcp 22 from 0.0.0.0/0", ssh_rule()),
        ];
        let text = "SSH will be open to the whole internet in masters.c.example.com, nodes.c.example.com; narrow \
                    spec.sshAccess to the addresses that need it";
        let expected = note(Severity::Warning, "ssh-open-to-world", None, text.to_owned());
        assert_eq!(check(&plan(changes), &CheckOptions::default()), [expected]);
    }
}
