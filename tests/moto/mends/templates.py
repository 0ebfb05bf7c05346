"""Launch templates."""

from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.ec2 import models as ec2
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import parse_user_data

from mends.patching import mend, refuse


@mend(LaunchTemplate, "create_version")
def create_version(original, self, data, description):
    """AWS launches from any version, shows in a version only the tags of what it launches, and never gives a number
    twice.  moto answers HTTP 500 to a launch from a later version with user data, and lists the template's own tags."""
    user_data = data.get("UserData")
    if user_data is not None and not isinstance(user_data, Base64EncodedString):
        data["UserData"] = parse_user_data(user_data)
    if "TagSpecifications" in data:
        launched = [spec for spec in data["TagSpecifications"] if spec.get("ResourceType") != "launch-template"]
        if launched:
            data["TagSpecifications"] = launched
        else:
            del data["TagSpecifications"]
    version = original(self, data, description)
    self.numbers_given = max(getattr(self, "numbers_given", 0) + 1, version.number)
    version.number = self.numbers_given
    return version


@mend(LaunchTemplate, "get_version")
def get_version(original, self, num):
    """By number, since versions can be deleted; moto takes the number for a place in the list."""
    if str(num).lower() in ("$latest", "$default"):
        return original(self, num)
    for version in self.versions:
        if str(version.number) == str(num):
            return version
    return refuse(
        "InvalidLaunchTemplateId.VersionNotFound",
        f"Could not find the specified version {num} for the launch template with ID {self.id}.",
    )


def default_version(template):
    return next(version for version in template.versions if version.number == template.default_version_number)


LaunchTemplate.default_version = default_version


def tags(template):
    """AWS shows the tags that a template has now.  moto shows those it was created with."""
    return template.get_tags()


LaunchTemplate.tags = property(tags, lambda template, value: None)


def security_groups(version):
    """AWS uses the groups of the template's interfaces.  moto knows the groups beside them only."""
    groups = list(version.data.get("SecurityGroups", [])) + list(version.data.get("SecurityGroupIds", []))
    for interface in version.data.get("NetworkInterfaces") or []:
        groups += interface.get("Groups") or interface.get("SecurityGroupId") or []
    return groups


LaunchTemplateVersion.security_groups = property(security_groups)


def delete_launch_template_versions(self):
    """AWS deletes versions other than the default one, and says what it could not delete.  moto lacks the call."""
    template_id, name = self._get_param("LaunchTemplateId"), self._get_param("LaunchTemplateName")
    backend = self.ec2_backend
    template = backend.get_launch_template(template_id) if template_id else backend.get_launch_template_by_name(name)
    done, failed = [], []
    for number in self._get_param("Versions", []):
        row = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": int(number)}
        version = next((known for known in template.versions if str(known.number) == str(number)), None)
        if version is None:
            error = {"Code": "launchTemplateVersionDoesNotExist", "Message": "Launch template version not found"}
            failed.append({**row, "ResponseError": error})
        elif template.is_default(version):
            error = {"Code": "unexpectedError", "Message": "The default version of a launch template stays"}
            failed.append({**row, "ResponseError": error})
        else:
            template.versions.remove(version)
            done.append(row)
    return ActionResult(
        {
            "SuccessfullyDeletedLaunchTemplateVersions": done,
            "UnsuccessfullyDeletedLaunchTemplateVersions": failed,
        }
    )


LaunchTemplates.delete_launch_template_versions = delete_launch_template_versions


@mend(ec2.EC2Backend, "describe_launch_template_versions")
def describe_launch_template_versions(original, self, template_name, template_id, versions, min_version, max_version, max_results):
    """By number, as in get_version, where moto cuts its list."""
    if not versions and (min_version or max_version) and (template_name or template_id):
        template = (
            self.get_launch_template_by_name(template_name) if template_name else self.get_launch_template(template_id)
        )
        low, high = min_version or 0, max_version or float("inf")
        return [(template, version) for version in template.versions if low <= version.number <= high][:max_results]
    return original(self, template_name, template_id, versions, min_version, max_version, max_results)
