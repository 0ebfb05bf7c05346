"""The managed policies of AWS."""

import copy
import json

from moto.iam import models as iam
from moto.iam.aws_managed_policies import aws_managed_policies_data

from mends.patching import mend

# Made once for the process: with each account they would make every reset take seconds.
MANAGED = [
    iam.AWSManagedPolicy.from_data(name, "123456789012", "us-east-1", data)
    for name, data in json.loads(aws_managed_policies_data).items()
]


@mend(iam.IAMBackend, "_init_aws_policies")
def init_aws_policies(_original, self):
    """AWS has managed policies.  moto has none, unless it is told to load them with every account."""
    return [copy.copy(policy) for policy in MANAGED]
