//! Security group rules: a protocol without ports has none, however AWS spells that.

use kedge_resource::kind::SecurityGroupRule;

pub(super) fn disregard(want: &SecurityGroupRule, have: &mut SecurityGroupRule) {
    let ports = matches!(want.ip_protocol.as_str(), "tcp" | "udp" | "icmp" | "icmpv6");
    if !ports && want.ip_protocol == have.ip_protocol {
        have.from_port = want.from_port;
        have.to_port = want.to_port;
    }
}
