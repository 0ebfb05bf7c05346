"""EC2's Describe calls: filters and pages."""

from moto.core.responses import ActionResult
from moto.ec2 import models as ec2
from moto.ec2 import utils
from moto.ec2.models.tags import TagBackend
from moto.ec2.responses.dhcp_options import DHCPOptions
from moto.ec2.responses.egress_only_internet_gateways import EgressOnlyInternetGateway
from moto.ec2.responses.elastic_block_store import ElasticBlockStore
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces
from moto.ec2.responses.internet_gateways import InternetGateways
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.responses.nat_gateways import NatGateways
from moto.ec2.responses.route_tables import RouteTables
from moto.ec2.responses.security_groups import SecurityGroups
from moto.ec2.responses.subnets import Subnets
from moto.ec2.responses.vpcs import VPCs

from mends.patching import mend, refuse

PAGED = [
    (DHCPOptions, "describe_dhcp_options", "DhcpOptions"),
    (EgressOnlyInternetGateway, "describe_egress_only_internet_gateways", "EgressOnlyInternetGateways"),
    (ElasticBlockStore, "describe_volumes", "Volumes"),
    (ElasticNetworkInterfaces, "describe_network_interfaces", "NetworkInterfaces"),
    (InternetGateways, "describe_internet_gateways", "InternetGateways"),
    (LaunchTemplates, "describe_launch_template_versions", "LaunchTemplateVersions"),
    (LaunchTemplates, "describe_launch_templates", "LaunchTemplates"),
    (NatGateways, "describe_nat_gateways", "NatGateways"),
    (RouteTables, "describe_route_tables", "RouteTables"),
    (SecurityGroups, "describe_security_group_rules", "SecurityGroupRules"),
    (SecurityGroups, "describe_security_groups", "SecurityGroups"),
    (Subnets, "describe_subnets", "Subnets"),
    (VPCs, "describe_vpcs", "Vpcs"),
]
# What a page may hold where it is not 5 to 1000.
PAGE = {
    "EgressOnlyInternetGateways": (5, 255),
    "LaunchTemplateVersions": (1, 200),
    "LaunchTemplates": (1, 200),
    "RouteTables": (5, 100),
}


def paged(owner, name, key):
    """AWS gives at most MaxResults entries, which has bounds, and a NextToken for the rest.  moto gives everything and no
    token; launch templates and their versions it cuts at 15, without a token."""
    low, high = PAGE.get(key, (5, 1000))

    @mend(owner, name)
    def describe(original, self):
        size = self._get_int_param("MaxResults")
        if size is not None and not low <= size <= high:
            refuse("InvalidParameterValue", f"Value ({size}) for parameter maxResults is invalid.")
        size = size or high
        start = self._get_param("NextToken") or "0"
        if not start.isdigit():
            refuse("InvalidPaginationToken", f"The pagination token '{start}' is not valid.")
        ask = self._get_int_param
        self._get_int_param = lambda param, default=None: 10**9 if param == "MaxResults" else ask(param, default)
        try:
            result = original(self).result
        finally:
            del self._get_int_param
        rows, first = list(result[key]), int(start)
        more = first + size < len(rows)
        return ActionResult({**result, key: rows[first : first + size], "NextToken": str(first + size) if more else None})


for row in PAGED:
    paged(*row)


@mend(utils, "is_filter_matching")
def is_filter_matching(original, thing, name, wanted):
    """AWS: one value of the filter is enough.  moto wants all the values of a filter by tag-key, or none but them."""
    if name in ("tag-key", "tag-value") and isinstance(wanted, list) and len(wanted) > 1:
        return any(original(thing, name, [value]) for value in wanted)
    return original(thing, name, wanted)


def by_tags(filters, things):
    """Those that match the filters by tags."""
    for name, values in (filters or {}).items():
        if utils.is_tag_filter(name):
            things = [thing for thing in things if utils.tag_filter_matches(thing, name, values)]
    return things


@mend(ec2.EC2Backend, "describe_nat_gateways")
def describe_nat_gateways(original, self, filters, nat_gateway_ids):
    """AWS filters by tags and knows which ids do not exist.  moto ignores tag filters and unknown ids."""
    for gateway in nat_gateway_ids or []:
        if gateway not in self.nat_gateways:
            refuse("NatGatewayNotFound", f"The Nat Gateway {gateway} was not found")
    return by_tags(filters, original(self, filters, nat_gateway_ids))


@mend(EgressOnlyInternetGateway, "describe_egress_only_internet_gateways")
def describe_egress_only_internet_gateways(original, self):
    """AWS filters by tags.  moto ignores filters."""
    result = original(self).result
    gateways = by_tags(self._filters_from_querystring(), result["EgressOnlyInternetGateways"])
    return ActionResult({**result, "EgressOnlyInternetGateways": gateways})


def forgets_tags(name, thing_id):
    """AWS: the tags of a thing go with it.  moto goes on listing them in DescribeTags."""

    @mend(ec2.EC2Backend, name)
    def delete(original, self, *args, **kwargs):
        gone = thing_id(self, *args, **kwargs)
        result = original(self, *args, **kwargs)
        self.tags.pop(gone, None)
        return result


for method in (
    "delete_dhcp_options_set",
    "delete_egress_only_internet_gateway",
    "delete_internet_gateway",
    "delete_network_interface",
    "delete_route_table",
    "delete_subnet",
    "delete_volume",
    "delete_vpc",
):
    forgets_tags(method, lambda _backend, *args, **kwargs: (list(args) + list(kwargs.values()))[0])
forgets_tags("_delete_security_group", lambda _backend, _vpc, group: group)
forgets_tags(
    "delete_launch_template", lambda backend, name, number: number or backend.launch_template_name_to_ids.get(name)
)
forgets_tags("delete_key_pair", lambda backend, name: getattr(backend.key_pairs.get(name), "id", None))

@mend(TagBackend, "describe_tags")
def describe_tags(original, self, filters=None):
    """The answer is moto's.  moto looks through the tags of everything whenever it needs those of one thing, so that each
    call takes longer the longer the server runs."""
    ids = (filters or {}).get("resource-id")
    if not ids or any(character in name for name in ids for character in "*?\\"):
        return original(self, filters)
    everything = self.tags
    self.tags = {name: everything[name] for name in ids if name in everything}
    try:
        return original(self, filters)
    finally:
        self.tags = everything
