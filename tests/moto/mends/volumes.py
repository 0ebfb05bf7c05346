"""Volumes, and the zones that things can be in."""

from moto.ec2 import models as ec2

from mends.patching import mend, refuse


def zone_of_region(backend, name):
    """AWS: the zones of a region are all there is in it.  moto takes any text for volumes, any region for subnets."""
    zones = [zone.name for zone in backend.describe_availability_zones()]
    if name and name not in zones:
        refuse("InvalidParameterValue", f"Value ({name}) for parameter availabilityZone is invalid. Zones: {zones}")


@mend(ec2.EC2Backend, "create_volume")
def create_volume(original, self, size, zone_name, *args, **kwargs):
    """As zone_of_region; and AWS gives gp3 volumes a throughput of 125 if none is asked for, moto none."""
    zone_of_region(self, zone_name)
    if kwargs.get("volume_type") == "gp3" and not kwargs.get("throughput"):
        kwargs["throughput"] = 125
    return original(self, size, zone_name, *args, **kwargs)


@mend(ec2.EC2Backend, "create_subnet")
def create_subnet(original, self, vpc_id, cidr_block, ipv6_cidr_block=None, availability_zone=None, *args, **kwargs):
    """As zone_of_region."""
    zone_of_region(self, availability_zone)
    return original(self, vpc_id, cidr_block, ipv6_cidr_block, availability_zone, *args, **kwargs)
