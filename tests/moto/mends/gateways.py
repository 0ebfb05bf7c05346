"""Internet gateways, NAT gateways and elastic addresses."""

from moto.ec2 import models as ec2

from mends.patching import balancers_of, live, mend, refuse


@mend(ec2.EC2Backend, "attach_internet_gateway")
def attach_internet_gateway(original, self, internet_gateway_id, vpc_id):
    """AWS: a VPC has one internet gateway.  moto attaches any number."""
    for gateway in self.internet_gateways.values():
        if gateway.vpc and gateway.vpc.id == vpc_id and gateway.id != internet_gateway_id:
            refuse("Resource.AlreadyAssociated", f"Network {vpc_id} already has an internet gateway attached")
    return original(self, internet_gateway_id, vpc_id)


@mend(ec2.EC2Backend, "detach_internet_gateway")
def detach_internet_gateway(original, self, internet_gateway_id, vpc_id):
    """AWS refuses while something in the VPC has a public address.  moto detaches."""
    addressed = (
        any(interface.vpc_id == vpc_id and interface.public_ip for interface in self.enis.values())
        or any(
            instance.vpc_id == vpc_id and instance.public_ip and live(instance) for instance in self.all_instances()
        )
        or any(balancer.vpc_id == vpc_id and balancer.scheme == "internet-facing" for balancer in balancers_of(self))
    )
    if addressed:
        refuse(
            "DependencyViolation",
            f"Network {vpc_id} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway.",
        )
    return original(self, internet_gateway_id, vpc_id)


@mend(ec2.EC2Backend, "create_egress_only_internet_gateway")
def create_egress_only_internet_gateway(original, self, vpc_id, tags=None):
    """AWS: a VPC has one egress-only internet gateway.  moto makes any number."""
    if any(gateway.vpc_id == vpc_id for gateway in self.egress_only_internet_gateways.values()):
        refuse(
            "GatewayLimitExceeded",
            f"The maximum number of egress-only internet gateways has been reached for VPC {vpc_id}.",
        )
    return original(self, vpc_id, tags)


@mend(ec2.EC2Backend, "delete_nat_gateway")
def delete_nat_gateway(original, self, nat_gateway_id):
    """AWS gives back the address and the interface of a deleted NAT gateway, and knows which ids do not exist.  moto keeps
    both, and fails with HTTP 500 for unknown ids."""
    if nat_gateway_id not in self.nat_gateways:
        refuse("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
    gateway = original(self, nat_gateway_id)
    for address in self.addresses:
        if address.eni is gateway._eni:
            self.disassociate_address(association_id=address.association_id)
    self.enis.pop(gateway._eni.id, None)
    return gateway


@mend(ec2.EC2Backend, "release_address")
def release_address(original, self, address=None, allocation_id=None):
    """AWS refuses to release an address that is associated.  moto takes it away from what uses it."""
    for known in self.addresses:
        used = known.association_id and (known.allocation_id == allocation_id or known.public_ip == address)
        if used:
            refuse("InvalidIPAddress.InUse", f"Address {known.public_ip} is in use.")
    return original(self, address, allocation_id)
