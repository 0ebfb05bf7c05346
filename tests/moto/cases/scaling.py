"""Load balancers and auto scaling groups."""

from cases.account import Case


class Balancers(Case):
    def test_a_name_is_one_load_balancer(self):
        vpc = self.vpc()
        first, second = self.subnet(vpc), self.subnet(vpc, "10.0.1.0/24", "us-east-1b")
        self.assertEqual(self.balancer(first)["LoadBalancerArn"], self.balancer(first)["LoadBalancerArn"])
        self.refused("DuplicateLoadBalancerName", self.balancer, subnet=second)

    def test_facing_the_internet_is_the_default(self):
        self.assertEqual(self.balancer(self.subnet(self.vpc()))["Scheme"], "internet-facing")

    def test_attributes_have_defaults(self):
        balancer = self.balancer(self.subnet(self.vpc()))["LoadBalancerArn"]
        found = self.elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
        attributes = {row["Key"]: row["Value"] for row in found}
        self.assertEqual(attributes["access_logs.s3.enabled"], "false")

    def test_a_network_load_balancer_says_so_in_its_arn(self):
        tags = [{"Key": "owner", "Value": "me"}]
        balancer = self.balancer(self.subnet(self.vpc()), Tags=tags)["LoadBalancerArn"]
        self.assertIn(":loadbalancer/net/lb/", balancer)
        found = self.elb.describe_tags(ResourceArns=[balancer])["TagDescriptions"]
        self.assertEqual([row["Tags"] for row in found], [tags])

    def test_a_network_load_balancer_may_be_in_one_zone(self):
        vpc = self.vpc()
        first, second = self.subnet(vpc), self.subnet(vpc, "10.0.1.0/24", "us-east-1b")
        balancer = self.balancer(first)["LoadBalancerArn"]
        zones = self.elb.set_subnets(LoadBalancerArn=balancer, Subnets=[second])["AvailabilityZones"]
        self.assertEqual([zone["SubnetId"] for zone in zones], [second])

    def test_tags_of_what_does_not_exist(self):
        group = self.target_group(self.vpc())
        self.refused("TargetGroupNotFound", self.elb.describe_tags, ResourceArns=[group, group[:-4] + "0000"])

    def test_tags_of_20_at_once(self):
        group = self.target_group(self.vpc())
        self.refused("ValidationError", self.elb.describe_tags, ResourceArns=[group] * 21)

    def test_a_listener_without_tls_has_no_policy(self):
        vpc = self.vpc()
        balancer = self.balancer(self.subnet(vpc))["LoadBalancerArn"]
        self.listener(balancer, self.target_group(vpc))
        found = self.elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]
        self.assertNotIn("SslPolicy", found)

    def test_two_dashes_in_the_name_of_a_target_group(self):
        made = self.elb.create_target_group(Name="tcp--example", Protocol="TCP", Port=443, VpcId=self.vpc())
        self.assertEqual(made["TargetGroups"][0]["TargetGroupName"], "tcp--example")

    def test_fixed_addresses(self):
        subnet = self.subnet(self.vpc())
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        params = {"Name": "lb", "Type": "network", "SubnetMappings": [{"SubnetId": subnet, "AllocationId": address}]}
        self.elb.create_load_balancer(**params)
        zone = self.elb.describe_load_balancers()["LoadBalancers"][0]["AvailabilityZones"][0]
        self.assertEqual(zone["LoadBalancerAddresses"][0]["AllocationId"], address)

    def test_dns_names_are_new(self):
        subnet = self.subnet(self.vpc())
        first = self.balancer(subnet)
        self.elb.delete_load_balancer(LoadBalancerArn=first["LoadBalancerArn"])
        self.assertNotEqual(first["DNSName"], self.balancer(subnet)["DNSName"])

    def test_unknown_load_balancer_among_known(self):
        self.balancer(self.subnet(self.vpc()))
        self.refused("LoadBalancerNotFound", self.elb.describe_load_balancers, Names=["lb", "other"])

    def test_deletion_protection(self):
        balancer = self.balancer(self.subnet(self.vpc()))["LoadBalancerArn"]
        protect = [{"Key": "deletion_protection.enabled", "Value": "true"}]
        self.elb.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=protect)
        self.refused("OperationNotPermitted", self.elb.delete_load_balancer, LoadBalancerArn=balancer)

    def listener(self, balancer, group):
        made = self.elb.create_listener(
            LoadBalancerArn=balancer, Protocol="TCP", Port=443,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )  # fmt: skip
        return made["Listeners"][0]["ListenerArn"]

    def test_a_port_has_one_listener(self):
        vpc = self.vpc()
        balancer = self.balancer(self.subnet(vpc))["LoadBalancerArn"]
        first, second = self.target_group(vpc), self.target_group(vpc, "other")
        self.assertEqual(self.listener(balancer, first), self.listener(balancer, first))
        self.refused("DuplicateListener", self.listener, balancer=balancer, group=second)

    def used_by(self, group):
        return self.elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]["LoadBalancerArns"]

    def test_target_group_of_a_deleted_listener(self):
        vpc = self.vpc()
        balancer, group = self.balancer(self.subnet(vpc))["LoadBalancerArn"], self.target_group(vpc)
        listener = self.listener(balancer, group)
        self.assertEqual(self.used_by(group), [balancer])
        self.elb.delete_listener(ListenerArn=listener)
        self.assertEqual(self.used_by(group), [])

    def test_target_group_of_a_deleted_load_balancer(self):
        vpc = self.vpc()
        balancer, group = self.balancer(self.subnet(vpc))["LoadBalancerArn"], self.target_group(vpc)
        self.listener(balancer, group)
        self.elb.delete_load_balancer(LoadBalancerArn=balancer)
        self.assertEqual(self.used_by(group), [])

    def test_target_groups_are_idempotent(self):
        vpc = self.vpc()
        self.assertEqual(self.target_group(vpc), self.target_group(vpc))
        self.refused("DuplicateTargetGroupName", self.target_group, vpc=self.vpc())


class Scaling(Case):
    HOOK = {"LifecycleHookName": "hook", "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}

    def setUp(self):
        super().setUp()
        self.template()
        self.here = self.subnet(self.vpc())

    def hooks(self):
        return self.asg.describe_lifecycle_hooks(AutoScalingGroupName="nodes")["LifecycleHooks"]

    def test_a_name_is_one_group(self):
        self.scaling_group(self.here)
        self.refused("AlreadyExists", self.scaling_group, subnet=self.here)

    def test_hooks_and_lifetime_given_with_the_group(self):
        hook = {**self.HOOK, "HeartbeatTimeout": 300, "DefaultResult": "CONTINUE"}
        self.scaling_group(self.here, LifecycleHookSpecificationList=[hook], MaxInstanceLifetime=86400)
        self.assertEqual([known["HeartbeatTimeout"] for known in self.hooks()], [300])
        self.assertEqual(self.scaling_groups()[0]["MaxInstanceLifetime"], 86400)

    def test_hooks_show_what_was_given(self):
        self.scaling_group(self.here)
        self.asg.put_lifecycle_hook(AutoScalingGroupName="nodes", **self.HOOK)
        self.assertNotIn("NotificationTargetARN", self.hooks()[0])
        self.assertNotIn("RoleARN", self.hooks()[0])

    def test_hooks_go_with_their_group(self):
        self.scaling_group(self.here)
        self.asg.put_lifecycle_hook(AutoScalingGroupName="nodes", **self.HOOK)
        self.asg.delete_auto_scaling_group(AutoScalingGroupName="nodes")
        self.scaling_group(self.here)
        self.assertEqual(self.hooks(), [])

    def test_updates_change_what_is_given(self):
        self.scaling_group(self.here)
        changes = {
            "DefaultCooldown": 60,
            "MaxInstanceLifetime": 86400,
            "TerminationPolicies": ["OldestInstance"],
            "CapacityRebalance": True,
        }
        self.asg.update_auto_scaling_group(AutoScalingGroupName="nodes", **changes)
        found = self.scaling_groups()[0]
        self.assertEqual({key: found.get(key) for key in changes}, changes)

    def mixed(self):
        template = {"LaunchTemplateSpecification": {"LaunchTemplateName": "template", "Version": "1"}}
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName="nodes", MinSize=0, MaxSize=1, VPCZoneIdentifier=self.here,
            MixedInstancesPolicy={"LaunchTemplate": {**template, "Overrides": [{"InstanceType": "t3.small"}]}},
        )  # fmt: skip

    def test_updates_keep_the_mixed_instances_policy(self):
        self.mixed()
        self.asg.update_auto_scaling_group(AutoScalingGroupName="nodes", MaxSize=2)
        self.assertIn("MixedInstancesPolicy", self.scaling_groups()[0])

    def test_groups_with_instances_are_not_deleted_unless_forced(self):
        self.scaling_group(self.here, size=1, NewInstancesProtectedFromScaleIn=True)
        self.refused("ResourceInUse", self.asg.delete_auto_scaling_group, AutoScalingGroupName="nodes")
        self.asg.delete_auto_scaling_group(AutoScalingGroupName="nodes", ForceDelete=True)
        instances = [i for r in self.ec2.describe_instances()["Reservations"] for i in r["Instances"]]
        self.assertEqual([instance["State"]["Name"] for instance in instances], ["terminated"])

    def test_instances_of_a_deleted_group_are_no_targets(self):
        vpc = self.vpc()
        targets = self.target_group(vpc)
        self.scaling_group(self.subnet(vpc), 1, TargetGroupARNs=[targets])
        self.asg.delete_auto_scaling_group(AutoScalingGroupName="nodes", ForceDelete=True)
        self.assertEqual(self.elb.describe_target_health(TargetGroupArn=targets)["TargetHealthDescriptions"], [])

    def test_unknown_groups(self):
        self.refused("ValidationError", self.asg.describe_warm_pool, AutoScalingGroupName="other")
        self.refused("ValidationError", self.asg.describe_lifecycle_hooks, AutoScalingGroupName="other")
        self.refused("ValidationError", self.asg.put_lifecycle_hook, AutoScalingGroupName="other", **self.HOOK)
        tag = {"ResourceId": "other", "ResourceType": "auto-scaling-group", "Key": "a", "Value": "1"}
        self.refused("ValidationError", self.asg.create_or_update_tags, Tags=[{**tag, "PropagateAtLaunch": True}])

    def test_instances_come_from_the_version_that_the_group_names(self):
        data = {"ImageId": "ami-2", "InstanceType": "t3.large"}
        self.ec2.create_launch_template_version(LaunchTemplateName="template", LaunchTemplateData=data)
        self.scaling_group(self.here, size=1)
        instance = self.scaling_groups()[0]["Instances"][0]
        self.assertEqual(instance["LaunchTemplate"]["Version"], "2")
        found = self.ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"][0]["Instances"][0]
        tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
        self.assertEqual(tags["aws:ec2launchtemplate:version"], "2")

    def test_the_version_of_an_instance_is_the_one_it_was_launched_from(self):
        self.scaling_group(self.here, size=1)
        self.ec2.create_launch_template_version(LaunchTemplateName="template", LaunchTemplateData={"ImageId": "ami-2"})
        self.ec2.modify_launch_template(LaunchTemplateName="template", DefaultVersion="2")
        self.assertEqual(self.scaling_groups()[0]["Instances"][0]["LaunchTemplate"]["Version"], "1")

    def test_ending_an_instance_whose_template_is_gone(self):
        self.scaling_group(self.here, size=1)
        self.ec2.delete_launch_template(LaunchTemplateName="template")
        instance = self.scaling_groups()[0]["Instances"][0]["InstanceId"]
        self.ec2.terminate_instances(InstanceIds=[instance])

    def test_metrics_are_disabled(self):
        self.scaling_group(self.subnet(self.vpc()))
        self.asg.enable_metrics_collection(
            AutoScalingGroupName="nodes", Granularity="1Minute", Metrics=["GroupMinSize", "GroupMaxSize"]
        )
        self.asg.disable_metrics_collection(AutoScalingGroupName="nodes", Metrics=["GroupMinSize"])
        group = self.asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]
        self.assertEqual([row["Metric"] for row in group["EnabledMetrics"]], ["GroupMaxSize"])

    def test_a_mixed_instances_policy_has_the_template(self):
        self.scaling_group(self.subnet(self.vpc()))
        template = self.asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]["LaunchTemplate"]
        specification = {"LaunchTemplateId": template["LaunchTemplateId"], "Version": "$Latest"}
        self.asg.update_auto_scaling_group(
            AutoScalingGroupName="nodes",
            MixedInstancesPolicy={"LaunchTemplate": {"LaunchTemplateSpecification": specification}},
        )
        self.assertNotIn("LaunchTemplate", self.asg.describe_auto_scaling_groups()["AutoScalingGroups"][0])
