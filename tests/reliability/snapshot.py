"""Everything that an account of the test server holds, read with boto3 and not with kedge.

Each resource becomes a `Thing`; canonical.py makes things of different accounts comparable.
"""

import dataclasses
import hashlib
import json

import boto3
from botocore.config import Config

# How far the states of things that are gone reach: AWS shows them for a while.
GONE = {"terminated", "deleted", "failed"}


@dataclasses.dataclass
class Thing:
    """A resource: its kind, what names it, the ids that stand for it, and what it is."""

    kind: str
    name: str
    ids: list
    data: dict


def tags_of(data):
    """The tags of a resource as a mapping, wherever the service puts them."""
    listed = data.get("Tags") or data.get("TagSet") or data.get("TagList") or []
    return {tag["Key"]: tag["Value"] for tag in listed}


class Account:
    """An account behind an endpoint."""

    def __init__(self, url):
        self.url = url
        self.clients = {}

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self.clients[service]

    def all(self, service, call, field, **params):
        """All items of a list, over all pages."""
        client = self.client(service)
        if not client.can_paginate(call):
            return getattr(client, call)(**params)[field]
        return [item for page in client.get_paginator(call).paginate(**params) for item in page.get(field, [])]

    def snapshot(self):
        """Every resource of the account."""
        areas = (network, groups, machines, templates, scaling, balancers, identities, zones, queues, rules, objects)
        return [thing for area in areas for thing in area(self)]


def objects(account):
    """What instances boot with, in every bucket."""
    client = account.client("s3")
    for bucket in client.list_buckets()["Buckets"]:
        for listed in account.all("s3", "list_objects_v2", "Contents", Bucket=bucket["Name"]):
            key = listed["Key"]
            if "/nodes/" in key or "/addons/" in key:
                body = client.get_object(Bucket=bucket["Name"], Key=key)["Body"].read()
                # It names the load balancer, which is another one in each account.
                data = json.loads(body) if key.endswith("/endpoint.json") else {"Sha256": hashlib.sha256(body).hexdigest()}
                yield Thing("store-object", key, [], data)


def network(account):
    lists = [
        ("vpc", "describe_vpcs", "Vpcs", "VpcId"),
        ("subnet", "describe_subnets", "Subnets", "SubnetId"),
        ("route-table", "describe_route_tables", "RouteTables", "RouteTableId"),
        ("internet-gateway", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
        ("egress-only-gateway", "describe_egress_only_internet_gateways", "EgressOnlyInternetGateways",
         "EgressOnlyInternetGatewayId"),
        ("nat-gateway", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
        ("address", "describe_addresses", "Addresses", "AllocationId"),
        ("dhcp-options", "describe_dhcp_options", "DhcpOptions", "DhcpOptionsId"),
        ("network-acl", "describe_network_acls", "NetworkAcls", "NetworkAclId"),
        ("vpc-endpoint", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        ("vpc-peering", "describe_vpc_peering_connections", "VpcPeeringConnections", "VpcPeeringConnectionId"),
    ]  # fmt: skip
    for kind, call, field, key in lists:
        for data in account.all("ec2", call, field):
            if data.get("State") in GONE:
                continue
            name, ids = tags_of(data).get("Name", "default" if data.get("IsDefault") else "unnamed"), [data[key]]
            if kind == "vpc":
                for attribute in ("enableDnsSupport", "enableDnsHostnames"):
                    answer = account.client("ec2").describe_vpc_attribute(VpcId=data[key], Attribute=attribute)
                    field_of_answer = attribute[0].upper() + attribute[1:]
                    data[field_of_answer] = answer[field_of_answer]["Value"]
                # The range is the account's choice, and stands for the VPC in its routes.
                ids += [block["Ipv6CidrBlock"] for block in data.get("Ipv6CidrBlockAssociationSet", [])]
            yield Thing(kind, name, ids, data)


def groups(account):
    names = {}
    for data in account.all("ec2", "describe_security_groups", "SecurityGroups"):
        names[data["GroupId"]] = data["GroupName"]
        # The rules are things of their own.
        del data["IpPermissions"], data["IpPermissionsEgress"]
        yield Thing("security-group", data["GroupName"], [data["GroupId"]], data)
    for data in account.all("ec2", "describe_security_group_rules", "SecurityGroupRules"):
        direction = "egress" if data["IsEgress"] else "ingress"
        name = f"{names.get(data['GroupId'], 'no group')} {direction} {data['IpProtocol']} {data.get('FromPort')}"
        yield Thing("security-group-rule", name, [data["SecurityGroupRuleId"]], data)
    for data in account.all("ec2", "describe_key_pairs", "KeyPairs"):
        yield Thing("key-pair", data["KeyName"], [data["KeyPairId"]], data)


def machines(account):
    for reservation in account.all("ec2", "describe_instances", "Reservations"):
        for data in reservation["Instances"]:
            if data["State"]["Name"] in GONE:
                continue
            tags = tags_of(data)
            name = tags.get("aws:autoscaling:groupName", tags.get("Name", "unnamed"))
            yield Thing("instance", name, [data["InstanceId"]], data)
    for data in account.all("ec2", "describe_network_interfaces", "NetworkInterfaces"):
        ids = [data["NetworkInterfaceId"], data.get("Attachment", {}).get("AttachmentId")]
        yield Thing("network-interface", tags_of(data).get("Name", "unnamed"), ids, data)
    for data in account.all("ec2", "describe_volumes", "Volumes"):
        name = tags_of(data).get("Name", "of an instance" if data["Attachments"] else "unnamed")
        yield Thing("volume", name, [data["VolumeId"]], data)


def templates(account):
    for data in account.all("ec2", "describe_launch_templates", "LaunchTemplates"):
        versions = account.all(
            "ec2", "describe_launch_template_versions", "LaunchTemplateVersions", LaunchTemplateId=data["LaunchTemplateId"]
        )
        data["Versions"] = versions
        yield Thing("launch-template", data["LaunchTemplateName"], [data["LaunchTemplateId"]], data)


def scaling(account):
    client = account.client("autoscaling")
    for data in account.all("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups"):
        name = data["AutoScalingGroupName"]
        data["Hooks"] = client.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
        data["WarmPool"] = client.describe_warm_pool(AutoScalingGroupName=name).get("WarmPoolConfiguration")
        yield Thing("auto-scaling-group", name, [data["AutoScalingGroupARN"]], data)
    for data in account.all("autoscaling", "describe_policies", "ScalingPolicies"):
        yield Thing("scaling-policy", data["PolicyName"], [data["PolicyARN"]], data)
    for data in account.all("autoscaling", "describe_scheduled_actions", "ScheduledUpdateGroupActions"):
        yield Thing("scheduled-action", data["ScheduledActionName"], [data["ScheduledActionARN"]], data)


def balancers(account):
    client = account.client("elbv2")
    made = account.all("elbv2", "describe_load_balancers", "LoadBalancers")
    targets = account.all("elbv2", "describe_target_groups", "TargetGroups")
    arns = [data["LoadBalancerArn"] for data in made] + [data["TargetGroupArn"] for data in targets]
    tags = {}
    for start in range(0, len(arns), 20):
        described = client.describe_tags(ResourceArns=arns[start : start + 20])["TagDescriptions"]
        tags |= {one["ResourceArn"]: one["Tags"] for one in described}
    for data in made:
        arn = data["LoadBalancerArn"]
        data["Tags"] = tags[arn]
        data["Attributes"] = client.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        yield Thing("load-balancer", data["LoadBalancerName"], [arn, data["DNSName"]], data)
        for listener in account.all("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=arn):
            name = f"{data['LoadBalancerName']} {listener['Port']}"
            yield Thing("listener", name, [listener["ListenerArn"]], listener)
    for data in targets:
        arn = data["TargetGroupArn"]
        data["Tags"] = tags[arn]
        data["Attributes"] = client.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        data["Targets"] = client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        yield Thing("target-group", data["TargetGroupName"], [arn], data)
    for data in account.all("elb", "describe_load_balancers", "LoadBalancerDescriptions"):
        yield Thing("classic-load-balancer", data["LoadBalancerName"], [data["DNSName"]], data)


def identities(account):
    client = account.client("iam")
    for listed in account.all("iam", "list_roles", "Roles"):
        name = listed["RoleName"]
        data = client.get_role(RoleName=name)["Role"]
        policies = account.all("iam", "list_role_policies", "PolicyNames", RoleName=name)
        data["Policies"] = [
            {"Name": policy, "Document": client.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]}
            for policy in policies
        ]
        data["Attached"] = account.all("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)
        yield Thing("role", name, [data["RoleId"]], data)
    for listed in account.all("iam", "list_instance_profiles", "InstanceProfiles"):
        name = listed["InstanceProfileName"]
        data = client.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        data["Roles"] = [role["RoleName"] for role in data["Roles"]]
        yield Thing("instance-profile", name, [data["InstanceProfileId"]], data)
    for listed in client.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        arn = listed["Arn"]
        data = client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        del data["ResponseMetadata"]
        yield Thing("oidc-provider", arn, [], data)
    for data in account.all("iam", "list_policies", "Policies", Scope="Local"):
        yield Thing("policy", data["PolicyName"], [data["PolicyId"]], data)


def zones(account):
    for listed in account.all("route53", "list_hosted_zones", "HostedZones"):
        zone = listed["Id"].rsplit("/", 1)[-1]
        answer = account.client("route53").get_hosted_zone(Id=zone)
        data = {**listed, "VPCs": answer.get("VPCs", [])}
        yield Thing("hosted-zone", listed["Name"], [zone], data)
        for record in account.all("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone):
            yield Thing("record-set", f"{record['Name']} {record['Type']}", [], {**record, "Zone": zone})


def queues(account):
    client = account.client("sqs")
    for url in account.all("sqs", "list_queues", "QueueUrls"):
        data = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        data["Tags"] = [
            {"Key": key, "Value": value} for key, value in client.list_queue_tags(QueueUrl=url).get("Tags", {}).items()
        ]
        yield Thing("queue", url.rsplit("/", 1)[-1], [], data)


def rules(account):
    client = account.client("events")
    for data in account.all("events", "list_rules", "Rules"):
        data["Tags"] = client.list_tags_for_resource(ResourceARN=data["Arn"])["Tags"]
        data["Targets"] = client.list_targets_by_rule(Rule=data["Name"])["Targets"]
        yield Thing("event-rule", data["Name"], [], data)
