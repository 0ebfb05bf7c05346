"""How a mend replaces a function of moto, and the words that several mends share."""

import functools

from moto.autoscaling.exceptions import AutoscalingClientError
from moto.ec2.exceptions import EC2ClientError
from moto.elbv2.exceptions import ELBClientError

# moto tells from the class which service's error it is.
SERVICES = {"autoscaling": AutoscalingClientError, "ec2": EC2ClientError, "elbv2": ELBClientError}


def mend(owner, name):
    """Decorator: what is decorated takes the place of `owner.name` and gets the original as its first argument."""

    def replace(function):
        original = getattr(owner, name)

        @functools.wraps(original.fget if isinstance(original, property) else original)
        def replacement(*args, **kwargs):
            return function(original, *args, **kwargs)

        setattr(owner, name, property(replacement) if isinstance(original, property) else replacement)
        return function

    return replace


def refuse(code, message, service="ec2"):
    """Answer a call with an AWS error."""
    raise SERVICES[service](code, message)


def live(instance):
    """Whether an instance still holds what it uses."""
    return instance.state not in ("shutting-down", "terminated")


def balancers_of(ec2):
    """The load balancers in the account and region of an EC2 backend."""
    from moto.elbv2.models import elbv2_backends

    return list(elbv2_backends[ec2.account_id][ec2.region_name].load_balancers.values())
