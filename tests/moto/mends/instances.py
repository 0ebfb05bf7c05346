"""Instances, their interfaces and volumes."""

import copy

from moto.ec2 import models as ec2
from moto.ec2.models import elastic_network_interfaces
from moto.ec2.models.instances import Instance
from moto.elbv2.models import elbv2_backends

from mends.patching import live, mend


@mend(Instance, "prep_nics")
def prep_nics(original, self, nic_spec, *args, **kwargs):
    """AWS deletes the interfaces that a launch made when the instance ends, unless told otherwise.  moto keeps them, and
    with them the subnets and groups that they are in."""
    specs = [dict(spec) for spec in nic_spec] or [{"DeviceIndex": 0}]
    for spec in specs:
        if "NetworkInterfaceId" not in spec:
            spec.setdefault("DeleteOnTermination", True)
    return original(self, specs, *args, **kwargs)


@mend(Instance, "terminate")
def terminate(original, self):
    """AWS: ending an instance that has ended is no error, and one that ends, however it does, is no target any more.  moto
    wants to delete its interfaces again, and keeps instances of a group that is deleted as targets."""
    if not live(self):
        return copy.copy(self._state)
    answer = original(self)
    elbv2_backends[self.ec2_backend.account_id][self.ec2_backend.region_name].notify_terminate_instances([self.id])
    return answer


@mend(Instance, "add_block_device")
def add_block_device(original, self, size, device_path, *args, **kwargs):
    """AWS: a launch template says what the root volume is like.  moto launches with a root volume of its own, puts the
    template's under the same device name, and forgets the first one, which stays for ever."""
    if device_path in self.block_device_mapping:
        volume = self.block_device_mapping[device_path].volume_id
        self.ec2_backend.detach_volume(volume, self.id, device_path)
        self.ec2_backend.delete_volume(volume)
    return original(self, size, device_path, *args, **kwargs)


@mend(ec2.EC2Backend, "run_instances")
def run_instances(original, self, *args, **kwargs):
    """AWS: a launch template may name disks that belong to the machine, which are no volumes.  moto answers HTTP 500."""
    if kwargs.get("launch_template") and "block_device_mappings" not in kwargs:
        disks = self._get_template_from_args(kwargs["launch_template"]).data.get("BlockDeviceMappings") or []
        volumes = [disk for disk in disks if "Ebs" in disk]
        if volumes != disks:
            kwargs["block_device_mappings"] = volumes
    return original(self, *args, **kwargs)


@mend(elastic_network_interfaces, "generate_dns_from_ip")
def generate_dns_from_ip(original, address, *args, **kwargs):
    """AWS: an interface in an IPv6-only subnet has no name made of an IPv4 address.  moto answers HTTP 500."""
    return original(address, *args, **kwargs) if address.count(".") == 3 else None
