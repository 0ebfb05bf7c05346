"""VPCs, DHCP options, subnets, route tables and routes."""

from moto.ec2 import models as ec2
from moto.ec2.models.route_tables import Route
from moto.ec2.models.subnets import Subnet
from moto.ec2.responses.dhcp_options import DHCPOptions
from moto.ec2.responses.route_tables import RouteTables
from moto.ec2.responses.subnets import Subnets

from mends.patching import balancers_of, live, mend, refuse


def in_use(what, name):
    refuse("DependencyViolation", f"The {what} '{name}' has dependencies and cannot be deleted.")


@mend(ec2.EC2Backend, "delete_vpc")
def delete_vpc(original, self, vpc_id):
    """AWS refuses while something is in the VPC, leaves its DHCP options, and deletes its default network ACL.  moto looks
    at subnets, route tables and VPN gateways only, deletes the DHCP options as well, and keeps the network ACL."""
    vpc = self.get_vpc(vpc_id)
    holds = (
        any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in self.internet_gateways.values())
        or any(gateway.vpc_id == vpc_id for gateway in self.egress_only_internet_gateways.values())
        or any(group.name != "default" for group in self.groups[vpc_id].values())
        or any(interface.vpc_id == vpc_id for interface in self.enis.values())
        or any(point.vpc_id == vpc_id and point.state != "deleted" for point in self.vpc_end_points.values())
        or any(acl.vpc_id == vpc_id and not acl.default for acl in self.network_acls.values())
    )
    if holds:
        in_use("vpc", vpc_id)
    options, vpc.dhcp_options = vpc.dhcp_options, None
    try:
        result = original(self, vpc_id)
    except Exception:
        vpc.dhcp_options = options
        raise
    if options and not any(other.dhcp_options is options for other in self.vpcs.values()):
        options.vpc = None
    for acl in [acl for acl in self.network_acls.values() if acl.vpc_id == vpc_id]:
        del self.network_acls[acl.id]
    return result


@mend(Subnet, "available_ip_address_count")
def available_ip_address_count(original, subnet):
    """AWS counts IPv4 addresses, of which an IPv6-only subnet has none.  moto counts those of its IPv6 range, which are
    more than the number may be."""
    return 0 if subnet.ipv6_native else original.fget(subnet)


@mend(ec2.EC2Backend, "delete_dhcp_options_set")
def delete_dhcp_options_set(original, self, options_id):
    """AWS refuses while any VPC uses the options.  moto knows the one that was associated last, and still does when that
    VPC has got other options."""
    options = self.dhcp_options_sets.get(options_id)
    if options:
        options.vpc = next((vpc for vpc in self.vpcs.values() if vpc.dhcp_options is options), None)
    return original(self, options_id)


@mend(DHCPOptions, "create_dhcp_options")
def create_dhcp_options(original, self):
    """AWS tags what it creates.  moto ignores the tags in CreateDhcpOptions."""
    answer = original(self)
    tags = self._parse_tag_specification().get("dhcp-options")
    if tags:
        self.ec2_backend.create_tags([answer.result["DhcpOptions"].id], tags)
    return answer


@mend(Subnets, "modify_subnet_attribute")
def modify_subnet_attribute(original, self):
    """AWS takes one attribute a call, among them the type of host name, the AAAA record and DNS64.  moto takes any number
    and ignores these three."""
    answer = original(self)
    subnet = self.ec2_backend.get_subnet(self._get_param("SubnetId"))
    given = {
        "PrivateDnsHostnameTypeOnLaunch": self._get_param("PrivateDnsHostnameTypeOnLaunch"),
        "EnableResourceNameDnsAAAARecordOnLaunch": self._get_param("EnableResourceNameDnsAAAARecordOnLaunch.Value"),
        "EnableDns64": self._get_param("EnableDns64.Value"),
        "EnableResourceNameDnsARecordOnLaunch": self._get_param("EnableResourceNameDnsARecordOnLaunch.Value"),
        "MapPublicIpOnLaunch": self._get_param("MapPublicIpOnLaunch.Value"),
        "AssignIpv6AddressOnCreation": self._get_param("AssignIpv6AddressOnCreation.Value"),
    }
    given = {name: value for name, value in given.items() if value is not None}
    if len(given) > 1:
        refuse("InvalidParameterCombination", f"Fields {' and '.join(sorted(given))} cannot be used together")
    options = subnet.private_dns_name_options_on_launch
    for name, value in given.items():
        if name == "PrivateDnsHostnameTypeOnLaunch":
            options["HostnameType"] = value
        elif name == "EnableResourceNameDnsAAAARecordOnLaunch":
            options["EnableResourceNameDnsAAAARecord"] = value
        elif name == "EnableDns64":
            subnet.enable_dns64 = value
    return answer


@mend(ec2.EC2Backend, "create_subnet")
def create_subnet(original, self, *args, **kwargs):
    """AWS names the instances of IPv6-only subnets after their ids, having no IPv4 address to name them after.  moto says
    ip-name."""
    subnet = original(self, *args, **kwargs)
    if subnet.ipv6_native:
        subnet.private_dns_name_options_on_launch["HostnameType"] = "resource-name"
    return subnet


# AWS says for every subnet whether it has DNS64.
Subnet.enable_dns64 = False


@mend(ec2.EC2Backend, "delete_subnet")
def delete_subnet(original, self, subnet_id):
    """AWS refuses while instances, gateways, load balancers or other interfaces are in the subnet, and drops its
    associations with a route table and a network ACL when it goes.  moto deletes it, and keeps the associations, so that
    DeleteRouteTable fails for ever."""
    holds = (
        any(interface.subnet.id == subnet_id for interface in self.enis.values())
        or any(instance.subnet_id == subnet_id and live(instance) for instance in self.all_instances())
        or any(subnet.id == subnet_id for balancer in balancers_of(self) for subnet in balancer.subnets)
    )
    if holds:
        in_use("subnet", subnet_id)
    subnet = original(self, subnet_id)
    for table in self.route_tables.values():
        for association, target in list(table._associations.items()):
            if target == subnet_id:
                del table._associations[association]
    for acl in self.network_acls.values():
        for association, target in list(acl._associations.items()):
            if target.subnet_id == subnet_id:
                del acl._associations[association]
    return subnet


@mend(RouteTables, "delete_route_table")
def delete_route_table(original, self):
    """AWS: the main table goes with its VPC only.  moto deletes it."""
    table = self.ec2_backend.get_route_table(self._get_param("RouteTableId"))
    if table.main_association_id:
        in_use("routeTable", table.id)
    return original(self)


@mend(ec2.EC2Backend, "associate_route_table")
def associate_route_table(original, self, route_table_id, gateway_id=None, subnet_id=None):
    """AWS: a subnet has one table, another one conflicts.  moto answers with the association that there is."""
    for table in self.route_tables.values():
        if subnet_id and subnet_id in table._associations.values() and table.id != route_table_id:
            refuse(
                "Resource.AlreadyAssociated",
                f"the specified association for route table {route_table_id} conflicts with an existing association",
            )
    return original(self, route_table_id, gateway_id, subnet_id)


@mend(RouteTables, "create_route")
def create_route(original, self):
    """AWS: a destination has one route, also in IPv6, and an internet gateway must be attached to the table's VPC.
    moto replaces IPv6 routes and takes any gateway."""
    table = self.ec2_backend.get_route_table(self._get_param("RouteTableId"))
    destination = self._get_param("DestinationIpv6CidrBlock")
    if destination and any(route.destination_ipv6_cidr_block == destination for route in table.routes):
        refuse("RouteAlreadyExists", f"The route identified by {destination} already exists")
    gateway = self.ec2_backend.internet_gateways.get(self._get_param("GatewayId") or "")
    if gateway and (gateway.vpc is None or gateway.vpc.id != table.vpc_id):
        refuse(
            "InvalidParameterValue",
            f"route table {table.id} and network gateway {gateway.id} belong to different networks",
        )
    return original(self)


def state(route):
    """AWS: a route whose target is gone is a black hole.  moto always calls it active."""
    backend = route.route_table.ec2_backend
    internet = backend.internet_gateways.get(route.gateway_id or "")
    gone = (
        (route.nat_gateway and route.nat_gateway.state != "available")
        or (route.gateway_id or "").startswith("igw-")
        and (internet is None or internet.vpc is None)
        or (route.egress_only_igw and route.egress_only_igw.id not in backend.egress_only_internet_gateways)
        or (route.instance and not live(route.instance))
    )
    return "blackhole" if gone else "active"


Route.state = property(state)
