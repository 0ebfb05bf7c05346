"""Load balancers, listeners and target groups."""

import re
import types
from unittest import mock

from moto.elbv2 import models as elbv2
from moto.elbv2.exceptions import (
    DuplicateListenerError,
    DuplicateLoadBalancerName,
    LoadBalancerNotFoundError,
    TargetGroupNotFoundError,
)

from mends.patching import mend, refuse

Backend = elbv2.ELBv2Backend
# What AWS gives load balancers that are not told otherwise, beside what moto gives them.
ATTRIBUTES = {
    "network": {
        "access_logs.s3.enabled": "false",
        "dns_record.client_routing_policy": "any_availability_zone",
        "ipv6.deny_all_igw_traffic": "false",
        "zonal_shift.config.enabled": "false",
    },
    "application": {"access_logs.s3.enabled": "false", "idle_timeout.timeout_seconds": "60"},
}


@mend(Backend, "create_load_balancer")
def create_load_balancer(original, self, name, security_groups, subnet_ids, subnet_mappings=None, **kwargs):
    """AWS: a name is one load balancer; the same settings again give that one, others are refused.  Its DNS name is new
    each time, and it faces the internet unless told otherwise.  moto makes a second one of the name, both have one DNS
    name, a scheme only if one was given, and not all the attributes."""
    subnets = set(subnet_ids or []) | {mapping["SubnetId"] for mapping in subnet_mappings or []}
    for balancer in self.load_balancers.values():
        if balancer.name != name:
            continue
        same = (
            {subnet.id for subnet in balancer.subnets} == subnets
            and set(balancer.security_groups or []) == set(security_groups or [])
            and balancer.scheme == (kwargs.get("scheme") or "internet-facing")
        )
        if not same:
            raise DuplicateLoadBalancerName()
        return balancer
    balancer = original(self, name, security_groups, subnet_ids, subnet_mappings, **kwargs)
    balancer.addresses = addresses_of(subnet_mappings)
    balancer.scheme = balancer.scheme or "internet-facing"
    balancer.attrs = {**ATTRIBUTES.get(balancer.type, {}), **balancer.attrs}
    number = balancer.arn.rsplit("/", 1)[-1]
    if balancer.type == "network":
        named_as_network(self, balancer)
        balancer.dns_name = f"{name}-{number}.elb.{self.region_name}.amazonaws.com"
    else:
        balancer.dns_name = f"{name}-{number}.{self.region_name}.elb.amazonaws.com"
    return balancer


def named_as_network(backend, balancer):
    """AWS says in an ARN that a load balancer is a network one.  moto calls every one an application load balancer."""
    arn = balancer.arn
    balancer.arn = arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
    del backend.load_balancers[arn]
    backend.load_balancers[balancer.arn] = balancer
    tags = backend.tagging_service.list_tags_for_resource(arn)["Tags"]
    backend.tagging_service.delete_all_tags_for_resource(arn)
    backend.tagging_service.tag_resource(balancer.arn, tags)


def addresses_of(mappings):
    """By subnet: the fixed addresses of a load balancer, as AWS tells them."""
    wanted = {}
    for mapping in mappings or []:
        address = {
            "AllocationId": mapping.get("AllocationId"),
            "PrivateIPv4Address": mapping.get("PrivateIPv4Address"),
            "IPv6Address": mapping.get("IPv6Address"),
        }
        wanted[mapping["SubnetId"]] = [address] if any(address.values()) else []
    return wanted


elbv2.FakeLoadBalancer.addresses = {}


@mend(elbv2.FakeLoadBalancer, "availability_zones")
def availability_zones(original, balancer):
    """AWS tells the addresses that a load balancer was given.  moto forgets them."""
    zones = original.fget(balancer)
    for zone in zones:
        zone.load_balancer_addresses = balancer.addresses.get(zone.subnet_id, [])
    return zones


@mend(Backend, "set_subnets")
def set_subnets(original, self, arn, subnets, subnet_mappings):
    """AWS: a network load balancer may be in one zone.  moto wants two."""
    balancer = self.load_balancers.get(arn)
    if balancer is not None:
        balancer.addresses = addresses_of(subnet_mappings)
    wanted = list(subnets) + [mapping["SubnetId"] for mapping in subnet_mappings]
    if balancer is None or balancer.type != "network" or len(wanted) != 1:
        return original(self, arn, subnets, subnet_mappings)
    balancer.subnets = [self.ec2_backend.get_subnet(wanted[0])]
    return [elbv2.AvailabilityZone(subnet) for subnet in balancer.subnets]


@mend(Backend, "describe_tags")
def describe_tags(original, self, resource_arns):
    """AWS takes 20 ARNs at most, and wants them to exist.  moto takes any."""
    if len(resource_arns) > 20:
        refuse("ValidationError", "You can specify up to 20 resources in a single call", "elbv2")
    for arn in resource_arns:
        if ":loadbalancer/" in arn and arn not in self.load_balancers:
            raise LoadBalancerNotFoundError()
        if ":targetgroup/" in arn and arn not in self.target_groups:
            raise TargetGroupNotFoundError()
    return original(self, resource_arns)


@mend(Backend, "describe_load_balancers")
def describe_load_balancers(original, self, arns, names):
    """AWS refuses if one of the load balancers does not exist.  moto gives the one before it instead."""
    known_names = {balancer.name for balancer in self.load_balancers.values()}
    if set(arns or []) - set(self.load_balancers) or set(names or []) - known_names:
        raise LoadBalancerNotFoundError()
    return original(self, arns, names)


@mend(Backend, "delete_load_balancer")
def delete_load_balancer(original, self, arn):
    """AWS refuses while deletion protection is on, and a deleted load balancer is none of its target groups' any more.
    moto ignores the one and keeps the other."""
    balancer = self.load_balancers.get(arn)
    if balancer and balancer.attrs.get("deletion_protection.enabled") == "true":
        refuse(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            "elbv2",
        )
    result = original(self, arn)
    for group in self.target_groups.values():
        group.load_balancer_arns = [other for other in group.load_balancer_arns if other != arn]
    return result


def forwards_to(listener):
    return {
        arn
        for action in listener.default_actions
        if action.type == "forward"
        for arn in action_groups(action.data)
    }


def action_groups(data):
    forward = data.get("ForwardConfig", {}).get("TargetGroups", [])
    return [data["TargetGroupArn"]] if "TargetGroupArn" in data else [group["TargetGroupArn"] for group in forward]


@mend(Backend, "create_listener")
def create_listener(original, self, load_balancer_arn, protocol, port, *args, **kwargs):
    """AWS: a port has one listener; the same settings again give that one, others are refused.  One without TLS has
    no security policy.  moto makes a second listener, and gives each a policy."""
    balancer = self.load_balancers.get(load_balancer_arn)
    actions = kwargs.get("actions", args[2] if len(args) > 2 else [])
    for listener in balancer.listeners.values() if balancer else ():
        if str(listener.port) != str(port):
            continue
        targets = {arn for action in actions for arn in action_groups(action)}
        if listener.protocol != protocol or forwards_to(listener) != targets:
            raise DuplicateListenerError()
        return listener
    listener = original(self, load_balancer_arn, protocol, port, *args, **kwargs)
    if listener.protocol not in ("HTTPS", "TLS"):
        listener.ssl_policy = None
    return listener


@mend(Backend, "delete_listener")
def delete_listener(original, self, listener_arn):
    """AWS: a target group is used by a load balancer as long as one of its listeners forwards to it.  moto: for ever."""
    listener = original(self, listener_arn)
    balancer = self.load_balancers[listener.load_balancer_arn]
    used = {arn for other in balancer.listeners.values() for arn in forwards_to(other)}
    for arn in forwards_to(listener) - used:
        group = self.target_groups.get(arn)
        if group:
            group.load_balancer_arns = [other for other in group.load_balancer_arns if other != balancer.arn]
    return listener


@mend(Backend, "create_target_group")
def create_target_group(original, self, name, **kwargs):
    """AWS: a name is one target group; the same settings again give that one.  moto refuses in both cases, and names with
    two dashes in a row, as AWS's console does but not its API."""
    for group in self.target_groups.values():
        same = (
            group.name == name
            and group.vpc_id == kwargs.get("vpc_id")
            and str(group.port) == str(kwargs.get("port"))
            and group.protocol == kwargs.get("protocol")
        )
        if same:
            return group
    lenient = types.SimpleNamespace(**vars(re))
    lenient.match = lambda pattern, text: re.match(pattern.replace("(?!.*--)", ""), text)
    with mock.patch.object(elbv2, "re", lenient):
        return original(self, name, **kwargs)
