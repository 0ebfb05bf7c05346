"""Security groups, volumes, instances, launch templates and key pairs."""

import base64

from cases.account import Case, ED25519


class Groups(Case):
    HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}

    def test_group_of_an_interface(self):
        vpc = self.vpc()
        group = self.group(vpc)
        interface = self.ec2.create_network_interface(SubnetId=self.subnet(vpc), Groups=[group])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=group)
        self.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterface"]["NetworkInterfaceId"])
        self.ec2.delete_security_group(GroupId=group)

    def test_group_of_an_instance(self):
        vpc = self.vpc()
        group, subnet = self.group(vpc), self.subnet(vpc)
        made = self.ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, SubnetId=subnet, SecurityGroupIds=[group])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=group)
        self.ec2.terminate_instances(InstanceIds=[made["Instances"][0]["InstanceId"]])
        self.ec2.delete_security_group(GroupId=group)

    def test_group_of_a_load_balancer(self):
        vpc = self.vpc()
        group = self.group(vpc)
        self.balancer(self.subnet(vpc), SecurityGroups=[group])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=group)

    def test_group_in_a_rule_of_another(self):
        vpc = self.vpc()
        group, other = self.group(vpc), self.group(vpc, "other")
        permission = {**self.HTTPS, "UserIdGroupPairs": [{"GroupId": group}]}
        self.ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[permission])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=group)
        self.ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=[permission])
        self.ec2.delete_security_group(GroupId=group)

    def test_default_group_stays(self):
        groups = self.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [self.vpc()]}])
        group = groups["SecurityGroups"][0]["GroupId"]
        self.refused("CannotDelete", self.ec2.delete_security_group, GroupId=group)

    def test_authorize_answers_with_every_rule(self):
        for direction in ("ingress", "egress"):
            group = self.group(self.vpc())
            tags = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "owner", "Value": "me"}]}]
            authorize = getattr(self.ec2, f"authorize_security_group_{direction}")
            made = authorize(
                GroupId=group,
                TagSpecifications=tags,
                IpPermissions=[
                    {**self.HTTPS, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]},
                    {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]},
                ],
            )["SecurityGroupRules"]
            self.assertEqual([rule["FromPort"] for rule in made], [443, 53])
            filters = [{"Name": "group-id", "Values": [group]}, {"Name": "tag:owner", "Values": ["me"]}]
            found = self.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
            self.assertEqual([rule["Tags"] for rule in found], [[{"Key": "owner", "Value": "me"}]] * 2)

    def test_authorize_takes_all_or_none(self):
        group = self.group(self.vpc())
        first = {**self.HTTPS, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]}
        second = {**self.HTTPS, "IpRanges": [{"CidrIp": "10.2.0.0/16"}]}
        authorize = self.ec2.authorize_security_group_ingress
        authorize(GroupId=group, IpPermissions=[second])
        self.refused("InvalidPermission.Duplicate", authorize, GroupId=group, IpPermissions=[first, second])
        rules = self.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
        self.assertEqual([cidr["CidrIp"] for rule in rules for cidr in rule["IpRanges"]], ["10.2.0.0/16"])

    def test_revoked_rules_leave_no_tags(self):
        group = self.group(self.vpc())
        tags = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "owner", "Value": "me"}]}]
        permission = {**self.HTTPS, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]}
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission], TagSpecifications=tags)
        self.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])
        self.assertEqual(self.ec2.describe_tags(Filters=[{"Name": "key", "Values": ["owner"]}])["Tags"], [])

    def test_limits_of_ipv4_and_ipv6_are_apart(self):
        group = self.group(self.vpc())
        add = lambda ranges: self.ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[{**self.HTTPS, **ranges}]
        )
        add({"IpRanges": [{"CidrIp": f"10.{number}.0.0/16"} for number in range(60)]})
        add({"Ipv6Ranges": [{"CidrIpv6": "::/0"}]})
        self.refused("RulesPerSecurityGroupLimitExceeded", add, ranges={"IpRanges": [{"CidrIp": "11.0.0.0/16"}]})

    def test_descriptions_of_rules_by_group(self):
        vpc = self.vpc()
        group = self.group(vpc)
        permit = lambda text: self.ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{**self.HTTPS, "UserIdGroupPairs": [{"GroupId": group, "Description": text}]}],
        )
        self.assertEqual(permit("one")["SecurityGroupRules"][0]["Description"], "one")
        self.refused("InvalidPermission.Duplicate", permit, text="two")


class Volumes(Case):
    def test_zones_of_the_region(self):
        self.refused("InvalidParameterValue", self.ec2.create_volume, AvailabilityZone="us-east-1z", Size=1)
        self.refused("InvalidParameterValue", self.subnet, vpc=self.vpc(), zone="eu-west-1a")

    def test_throughput_of_gp3(self):
        volume = self.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, VolumeType="gp3")
        self.assertEqual(volume["Throughput"], 125)


class Instances(Case):
    def test_interfaces_go_with_their_instance(self):
        subnet = self.subnet(self.vpc())
        made = self.ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, SubnetId=subnet)
        self.ec2.terminate_instances(InstanceIds=[made["Instances"][0]["InstanceId"]])
        filters = [{"Name": "subnet-id", "Values": [subnet]}]
        self.assertEqual(self.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"], [])

    def test_the_template_says_what_the_root_volume_is(self):
        subnet = self.subnet(self.vpc())
        self.template(BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 64, "DeleteOnTermination": True}}])
        self.scaling_group(subnet, 1)
        sizes = lambda: [volume["Size"] for volume in self.ec2.describe_volumes()["Volumes"]]
        self.assertEqual(sizes(), [64])
        self.asg.delete_auto_scaling_group(AutoScalingGroupName="nodes", ForceDelete=True)
        self.assertEqual(sizes(), [])

    def test_ending_an_instance_again(self):
        made = self.ec2.run_instances(
            ImageId="ami-1", MinCount=1, MaxCount=1,
            NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": self.subnet(self.vpc()), "DeleteOnTermination": True}],
        )  # fmt: skip
        for state in ("running", "terminated"):
            ended = self.ec2.terminate_instances(InstanceIds=[made["Instances"][0]["InstanceId"]])
            self.assertEqual(ended["TerminatingInstances"][0]["PreviousState"]["Name"], state)


class Templates(Case):
    def version(self, **data):
        data = {"ImageId": "ami-2", "InstanceType": "t3.micro", **data}
        made = self.ec2.create_launch_template_version(LaunchTemplateName="template", LaunchTemplateData=data)
        return made["LaunchTemplateVersion"]["VersionNumber"]

    def test_launch_from_a_later_version_with_user_data(self):
        self.template()
        self.version(UserData=base64.b64encode(b"#!/bin/sh").decode())
        self.scaling_group(self.subnet(self.vpc()), size=1)
        self.assertEqual(len(self.scaling_groups()[0]["Instances"]), 1)

    def test_tags_of_the_template_are_not_tags_of_the_version(self):
        self.ec2.create_launch_template(
            LaunchTemplateName="template",
            LaunchTemplateData={
                "ImageId": "ami-1",
                "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "1"}]}],
            },
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "b", "Value": "2"}]}],
        )
        found = self.ec2.describe_launch_template_versions(LaunchTemplateName="template", Versions=["$Latest"])
        data = found["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        self.assertEqual([spec["ResourceType"] for spec in data["TagSpecifications"]], ["instance"])

    def test_tags_can_change(self):
        template = self.template()["LaunchTemplateId"]
        self.ec2.create_tags(Resources=[template], Tags=[{"Key": "a", "Value": "1"}])
        found = self.ec2.describe_launch_templates()["LaunchTemplates"][0]
        self.assertEqual(found["Tags"], [{"Key": "a", "Value": "1"}])

    def test_groups_of_the_interfaces(self):
        vpc = self.vpc()
        group, subnet = self.group(vpc), self.subnet(vpc)
        self.template(NetworkInterfaces=[{"DeviceIndex": 0, "Groups": [group]}])
        self.scaling_group(subnet, size=1)
        instance = self.ec2.describe_instances()["Reservations"][0]["Instances"][0]
        self.assertEqual([known["GroupId"] for known in instance["SecurityGroups"]], [group])

    def test_deleting_versions(self):
        self.template()
        self.version(InstanceType="t3.small")
        delete = lambda *numbers: self.ec2.delete_launch_template_versions(
            LaunchTemplateName="template", Versions=list(numbers)
        )
        answer = delete("2", "1", "9")
        done = answer["SuccessfullyDeletedLaunchTemplateVersions"]
        self.assertEqual([row["VersionNumber"] for row in done], [2])
        failed = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
        self.assertEqual([row["VersionNumber"] for row in failed], [1, 9])
        self.assertEqual(self.version(InstanceType="t3.large"), 3)
        describe = self.ec2.describe_launch_template_versions
        found = describe(LaunchTemplateName="template", Versions=["3"])["LaunchTemplateVersions"][0]
        self.assertEqual(found["LaunchTemplateData"]["InstanceType"], "t3.large")
        self.refused(
            "InvalidLaunchTemplateId.VersionNotFound", describe, LaunchTemplateName="template", Versions=["2"]
        )
        self.ec2.modify_launch_template(LaunchTemplateName="template", DefaultVersion="3")
        delete("1")
        numbers = describe(LaunchTemplateName="template", MinVersion="1")["LaunchTemplateVersions"]
        self.assertEqual([version["VersionNumber"] for version in numbers], [3])


class Keys(Case):
    def test_fingerprint_of_ed25519(self):
        pair = self.ec2.import_key_pair(KeyName="key", PublicKeyMaterial=ED25519.encode())
        self.assertEqual(pair["KeyFingerprint"], "wnsqVr7iPBNRABOkdHOcqk7xQOcEWOUo7voO9sIPGyA=")

    def test_deleting_by_id(self):
        pair = self.ec2.import_key_pair(KeyName="key", PublicKeyMaterial=ED25519.encode())
        self.ec2.delete_key_pair(KeyPairId=pair["KeyPairId"])
        self.assertEqual(self.ec2.describe_key_pairs()["KeyPairs"], [])

    def test_disks_of_the_machine_are_no_volumes(self):
        disks = [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8}},
            {"DeviceName": "/dev/sdc", "VirtualName": "ephemeral0"},
        ]
        data = {"ImageId": "ami-1", "InstanceType": "m3.medium", "BlockDeviceMappings": disks}
        self.ec2.create_launch_template(LaunchTemplateName="disks", LaunchTemplateData=data)
        template = {"LaunchTemplateName": "disks", "Version": "$Latest"}
        self.scaling_group(self.subnet(self.vpc()), size=1, LaunchTemplate=template)
        self.assertEqual([volume["Size"] for volume in self.ec2.describe_volumes()["Volumes"]], [8])
