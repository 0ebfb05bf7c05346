"""Roles, instance profiles and managed policies."""

import copy
import json

from moto.core.responses import ActionResult
from moto.iam import models as iam
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.exceptions import NotFoundException
from moto.iam.responses import IamResponse

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


def list_instance_profile_tags(self):
    """AWS lists the tags of an instance profile.  moto lacks the call."""
    profile = self.backend.get_instance_profile(self._get_param("InstanceProfileName"))
    return ActionResult({"Tags": profile.tags, "IsTruncated": False})


IamResponse.list_instance_profile_tags = list_instance_profile_tags


@mend(iam.IAMBackend, "remove_role_from_instance_profile")
def remove_role_from_instance_profile(original, self, profile_name, role_name):
    """AWS says of a role that is not in the profile that there is no such entity.  moto fails with HTTP 500."""
    if self.get_role(role_name) not in self.get_instance_profile(profile_name).roles:
        raise NotFoundException(f"Role {role_name} is not in instance profile {profile_name}.")
    original(self, profile_name, role_name)


def without_tags(name, key):
    """AWS leaves tags and permissions boundaries out of lists.  moto gives them, and so hides that nobody asked."""

    @mend(IamResponse, name)
    def listed(original, self):
        result = original(self).result
        rows = [copy.copy(row) for row in result[key]]
        for row in rows:
            row.tags = None
            row.permissions_boundary_arn = None
        return ActionResult({**result, key: rows})


without_tags("list_roles", "Roles")
without_tags("list_instance_profiles", "InstanceProfiles")
without_tags("list_instance_profiles_for_role", "InstanceProfiles")


class Role:
    """A role with its instance profiles as lists have them. moto derives the names of fields from that of the class."""

    def __init__(self, role):
        self.role = role

    def __getattr__(self, name):
        return getattr(self.role, name)

    @property
    def instance_profile_list(self):
        profiles = [copy.copy(profile) for profile in self.role.instance_profile_list]
        for profile in profiles:
            profile.tags = None
        return profiles


@mend(IamResponse, "get_account_authorization_details")
def get_account_authorization_details(original, self):
    """AWS gives roles in pages, and the instance profiles in them without tags.  moto gives everything at once.  Only roles
    are mended; AWS counts users, groups and policies of a page together with them."""
    result = original(self).result
    start, size = int(self._get_param("Marker") or 0), self._get_int_param("MaxItems") or 100
    roles = list(result["RoleDetailList"])
    page = [Role(role) for role in roles[start : start + size]]
    more = {"IsTruncated": True, "Marker": str(start + size)} if start + size < len(roles) else {}
    return ActionResult({**result, "RoleDetailList": page, **more})
