"""Security groups and their rules."""

import itertools

from moto.core.responses import ActionResult
from moto.ec2 import models as ec2
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses.security_groups import SecurityGroups

from mends.patching import balancers_of, live, mend, refuse


def rules_of(group):
    return itertools.chain(group.ingress_rules, group.egress_rules)


@mend(SecurityGroups, "delete_security_group")
def delete_security_group(original, self):
    """AWS refuses while an interface, an instance, a load balancer or a rule of another group uses the group, and never
    deletes a default group.  moto deletes it."""
    backend, group_id = self.ec2_backend, self._get_param("GroupId")
    group = backend.get_security_group_from_id(group_id) if group_id else None
    if group:
        if group.is_default:
            refuse("CannotDelete", f'the specified group: "{group_id}" name: "default" cannot be deleted by a user')
        used = (
            any(group in interface.group_set for interface in backend.enis.values())
            or any(group in instance.security_groups for instance in backend.all_instances() if live(instance))
            or any(group_id in (balancer.security_groups or []) for balancer in balancers_of(backend))
            or any(
                rule.source_group.get("GroupId") == group_id
                for groups in backend.groups.values()
                for other in groups.values()
                if other is not group
                for rule in rules_of(other)
            )
        )
        if used:
            refuse("DependencyViolation", f"resource {group_id} has a dependent object")
    return original(self)


def atomic(direction):
    """AWS takes all the permissions of a call or none, answers with every rule that it made, and forgets the tags of
    rules that go.  moto keeps those before the one that fails, and answers with the rules of the last permission."""

    @mend(SecurityGroups, f"authorize_security_group_{direction}")
    def authorize(original, self):
        group = named(self)
        attribute = f"{direction}_rules"
        before = list(getattr(group, attribute)) if group else []
        try:
            answer = original(self)
        except Exception:
            if group:
                setattr(group, attribute, before)
            raise
        known = {rule.id for rule in before}
        added = [rule for rule in getattr(group, attribute) if rule.id not in known]
        return ActionResult({**answer.result, "SecurityGroupRules": added})

    @mend(SecurityGroups, f"revoke_security_group_{direction}")
    def revoke(original, self):
        group = named(self)
        attribute = f"{direction}_rules"
        before = list(getattr(group, attribute)) if group else []
        try:
            answer = original(self)
        except Exception:
            if group:
                setattr(group, attribute, before)
            raise
        left = {rule.id for rule in getattr(group, attribute)}
        for rule in before:
            if rule.id not in left:
                self.ec2_backend.tags.pop(rule.id, None)
        return answer


def named(response):
    group = response._get_param("GroupId") or response._get_param("GroupName")
    return response.ec2_backend.get_security_group_by_name_or_id(group) if group else None


atomic("ingress")
atomic("egress")


@mend(ec2.EC2Backend, "_verify_group_will_respect_rule_count_limit")
def verify_limit(original, self, group, current_rule_nb, ip_ranges, source_groups=None, egress=False):
    """AWS counts IPv4 and IPv6 rules of a direction apart, 60 each.  moto counts them together."""
    rules = group.egress_rules if egress else group.ingress_rules
    families = []
    for family in ("CidrIp", "CidrIpv6"):
        others = len([rule for rule in rules if not rule.ip_range]) + len(source_groups or [])
        there = len([rule for rule in rules if rule.ip_range.get(family)])
        wanted = len([cidr for cidr in ip_ranges or [] if isinstance(cidr, dict) and cidr.get(family)])
        families.append(there + wanted + others)
    if max(families) <= 60:
        return None
    return original(self, group, 60, ip_ranges or ["over the limit"], source_groups, egress)


def description(rule):
    """AWS gives the description of every rule.  moto gives that of rules with a CIDR only."""
    return rule.ip_range.get("Description") or rule.source_group.get("Description")


SecurityGroupRule.description = property(description)


@mend(SecurityGroupRule, "__eq__")
def same_rule(original, self, other):
    """AWS: a rule's description does not tell it from another rule.  moto compares descriptions of groups as well."""
    mine, theirs = self.source_group, other.source_group
    if not mine or not theirs or mine.get("GroupId") != theirs.get("GroupId"):
        return original(self, other)
    self.source_group, other.source_group = {}, {}
    try:
        return original(self, other)
    finally:
        self.source_group, other.source_group = mine, theirs


@mend(SecurityGroupRule, "__init__")
def rule(original, self, ec2_backend, ip_protocol, group_id, from_port, to_port, *args, **kwargs):
    """AWS takes a rule of a protocol without ports, such as 4, without ports.  moto fails with HTTP 500."""
    if ip_protocol and str(ip_protocol) != "-1" and from_port is None:
        from_port = to_port = -1
    original(self, ec2_backend, ip_protocol, group_id, from_port, to_port, *args, **kwargs)
