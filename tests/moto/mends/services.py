"""Private zones, TLS listeners, and OpenID Connect providers."""

from moto.core.responses import EmptyResult
from moto.elbv2.models import ELBv2Backend
from moto.iam.responses import IamResponse
from moto.route53.exceptions import Route53ClientError
from moto.route53.models import Route53Backend

from mends.patching import mend


@mend(Route53Backend, "associate_vpc_with_hosted_zone")
def associate_vpc_with_hosted_zone(original, self, zone_id, vpcid, vpcregion):
    """AWS refuses a VPC that sees a zone of that name already.  moto notes it a second time."""
    zone = self.get_hosted_zone(zone_id)
    for other in self.zones.values():
        if other.name == zone.name and any(vpc.get("vpc_id") == vpcid for vpc in other.vpcs):
            message = f"The VPC {vpcid} in region {vpcregion} has already been associated with the hosted zone {other.id}"
            raise Route53ClientError("ConflictingDomainExists", message)
    return original(self, zone_id, vpcid, vpcregion)


@mend(ELBv2Backend, "modify_listener")
def modify_listener(original, self, arn, port=None, protocol=None, *args, **kwargs):
    """AWS: the listener of a network load balancer can change to TLS, which needs a certificate as HTTPS does.  moto knows
    no TLS here."""
    if protocol != "TLS":
        return original(self, arn, port, protocol, *args, **kwargs)
    listener = original(self, arn, port, "HTTPS", *args, **kwargs)
    listener.protocol = protocol
    return listener


def add_client_id(self):
    """AWS adds an audience to a provider, and does not mind one that is there.  moto does not know the call."""
    provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
    client = self._get_param("ClientID")
    if client not in provider.client_id_list:
        provider.client_id_list.append(client)
    return EmptyResult()


def remove_client_id(self):
    """AWS removes an audience from a provider, and does not mind one that is not there.  moto does not know the call."""
    provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
    client = self._get_param("ClientID")
    provider.client_id_list[:] = [other for other in provider.client_id_list if other != client]
    return EmptyResult()


IamResponse.add_client_id_to_open_id_connect_provider = add_client_id
IamResponse.remove_client_id_from_open_id_connect_provider = remove_client_id
