"""Auto scaling groups, life cycle hooks and warm pools."""

import contextlib
import contextvars

from moto.autoscaling import models as autoscaling
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import EmptyResult
from moto.ec2 import models as ec2

from mends.patching import mend, refuse

Backend, Group = autoscaling.AutoScalingBackend, autoscaling.FakeAutoScalingGroup
LAUNCHING = contextvars.ContextVar("launching", default=None)


def exists(backend, name):
    if name not in backend.autoscaling_groups:
        refuse("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found", "autoscaling")
    return backend.autoscaling_groups[name]


@mend(AutoScalingResponse, "create_auto_scaling_group")
def create_auto_scaling_group(original, self):
    """AWS refuses a name that is taken, makes the life cycle hooks given with the group and keeps its maximum instance
    lifetime.  moto overwrites the group, and ignores the others."""
    name, backend = self._get_param("AutoScalingGroupName"), self.autoscaling_backend
    if name in backend.autoscaling_groups:
        message = f"AutoScalingGroup by this name already exists - A group with the name {name} already exists"
        refuse("AlreadyExists", message, "autoscaling")
    answer = original(self)
    backend.autoscaling_groups[name].max_instance_lifetime = self._get_int_param("MaxInstanceLifetime")
    for hook in self._get_param("LifecycleHookSpecificationList", []):
        put_hook(backend, name, hook)
    return answer


def put_hook(backend, group, settings):
    """AWS shows of a hook what was given.  moto shows a made-up role and queue with each."""
    hook = backend.create_lifecycle_hook(
        settings["LifecycleHookName"],
        group,
        settings.get("LifecycleTransition"),
        int(settings["HeartbeatTimeout"]) if settings.get("HeartbeatTimeout") else None,
        settings.get("DefaultResult"),
    )
    hook.role_arn = settings.get("RoleARN")
    hook.notification_target_arn = settings.get("NotificationTargetARN")
    hook.notification_metadata = settings.get("NotificationMetadata")
    return hook


@mend(AutoScalingResponse, "put_lifecycle_hook")
def put_lifecycle_hook(_original, self):
    """As put_hook; and AWS wants the group to exist."""
    group = exists(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    put_hook(self.autoscaling_backend, group.name, self._get_params())
    return EmptyResult()


@mend(AutoScalingResponse, "update_auto_scaling_group")
def update_auto_scaling_group(original, self):
    """AWS changes what is given and leaves the rest.  moto ignores four of the settings, and forgets the mixed instances
    policy when it is not given."""
    group = exists(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    policy = group.mixed_instances_policy
    answer = original(self)
    if not self._get_param("MixedInstancesPolicy") and not self._get_param("LaunchTemplate"):
        group.mixed_instances_policy = policy
    for param, attribute, ask in (
        ("DefaultCooldown", "default_cooldown", self._get_int_param),
        ("MaxInstanceLifetime", "max_instance_lifetime", self._get_int_param),
        ("TerminationPolicies", "termination_policies", self._get_param),
        ("CapacityRebalance", "capacity_rebalance", self._get_bool_param),
    ):
        value = ask(param)
        if value is not None:
            setattr(group, attribute, value)
    return answer


@mend(Group, "launch_template")
def launch_template(original, group):
    """AWS shows the launch template of a group with a mixed instances policy as part of the policy.  moto shows it beside the
    policy as well."""
    return None if group.mixed_instances_policy else original.fget(group)


def disable_metrics_collection(self):
    """AWS stops the metrics that are named, or all.  moto does not know the call."""
    group = exists(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
    stopped = self._get_param("Metrics", group.metrics)
    group.metrics = [metric for metric in group.metrics if metric not in stopped]
    return EmptyResult()


AutoScalingResponse.disable_metrics_collection = disable_metrics_collection


@mend(AutoScalingResponse, "delete_auto_scaling_group")
def delete_auto_scaling_group(original, self):
    """AWS refuses while the group has instances, unless forced; then it ends protected ones too.  Hooks go with the group.
    moto ends the instances without being forced, leaves protected ones and keeps the hooks."""
    backend, name = self.autoscaling_backend, self._get_param("AutoScalingGroupName")
    group = exists(backend, name)
    if group.instance_states and not self._get_bool_param("ForceDelete", False):
        refuse(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group.",
            "autoscaling",
        )
    for instance in group.instance_states:
        instance.protected_from_scale_in = False
    answer = original(self)
    for key, hook in list(backend.lifecycle_hooks.items()):
        if hook.auto_scaling_group_name == name:
            del backend.lifecycle_hooks[key]
    return answer


for method in (
    "describe_lifecycle_hooks",
    "delete_lifecycle_hook",
    "describe_warm_pool",
    "put_warm_pool",
    "delete_warm_pool",
):

    @mend(AutoScalingResponse, method)
    def of_group(original, self):
        """AWS: ValidationError for an unknown group.  moto: success, or HTTP 500."""
        exists(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
        return original(self)


for method in ("create_or_update_tags", "delete_tags"):

    @mend(Backend, method)
    def tagging(original, self, tags):
        """AWS: ValidationError for an unknown group.  moto: HTTP 500."""
        for tag in tags:
            exists(self, tag["ResourceId"])
        return original(self, tags)


@mend(Group, "replace_autoscaling_group_instances")
def replace_autoscaling_group_instances(original, self, count_needed, propagated_tags):
    """AWS launches the version that the group names.  moto launches the template's default one."""
    token = LAUNCHING.set(self)
    try:
        return original(self, count_needed, propagated_tags)
    finally:
        LAUNCHING.reset(token)


@mend(ec2.EC2Backend, "_get_template_from_args")
def get_template_from_args(original, self, launch_template_arg):
    """See replace_autoscaling_group_instances."""
    group = LAUNCHING.get()
    if group and "Version" not in launch_template_arg:
        launch_template_arg = {**launch_template_arg, "Version": group.launch_template_version}
    return original(self, launch_template_arg)


def launched_from(state):
    """AWS says from which version an instance was launched.  moto names the template's default version."""
    template = getattr(state.auto_scaling_group, "ec2_launch_template", None)
    if template is None:
        return None
    tags = {tag["key"]: tag["value"] for tag in state.instance.get_tags()}
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": tags.get("aws:ec2launchtemplate:version"),
    }


autoscaling.InstanceState.launch_template = property(launched_from)


@mend(Backend, "notify_terminate_instances")
def notify_terminate_instances(original, self, instance_ids):
    """AWS replaces a group's ended instances, if it can.  moto fails with HTTP 500 if the template is gone."""
    with contextlib.suppress(IndexError):
        original(self, instance_ids)
