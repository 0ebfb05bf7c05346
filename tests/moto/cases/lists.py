"""Lists and client tokens."""

from cases.account import Case


class Lists(Case):
    def test_subnets_come_in_pages(self):
        vpc = self.vpc()
        for number in range(7):
            self.subnet(vpc, f"10.0.{number}.0/24")
        here = [{"Name": "vpc-id", "Values": [vpc]}]
        first = self.ec2.describe_subnets(Filters=here, MaxResults=5)
        self.assertEqual(len(first["Subnets"]), 5)
        second = self.ec2.describe_subnets(Filters=here, MaxResults=5, NextToken=first["NextToken"])
        self.assertEqual(len(second["Subnets"]), 2)
        self.assertNotIn("NextToken", second)

    def test_pages_have_bounds(self):
        self.refused("InvalidParameterValue", self.ec2.describe_route_tables, MaxResults=101)
        self.refused("InvalidParameterValue", self.ec2.describe_launch_templates, MaxResults=201)

    def test_launch_templates_are_not_cut_at_15(self):
        for number in range(20):
            self.template(f"template-{number}")
        self.assertEqual(len(self.ec2.describe_launch_templates()["LaunchTemplates"]), 20)
        latest = self.ec2.describe_launch_template_versions(Versions=["$Latest"])
        self.assertEqual(len(latest["LaunchTemplateVersions"]), 20)
        pages = self.ec2.get_paginator("describe_launch_template_versions").paginate(
            Versions=["$Latest"], PaginationConfig={"PageSize": 8}
        )
        self.assertEqual([len(page["LaunchTemplateVersions"]) for page in pages], [8, 8, 4])

    def test_one_value_of_a_tag_filter_is_enough(self):
        vpc = self.vpc()
        self.ec2.create_tags(Resources=[vpc], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        filters = [{"Name": "tag-key", "Values": ["a", "other"]}]
        self.assertEqual([found["VpcId"] for found in self.ec2.describe_vpcs(Filters=filters)["Vpcs"]], [vpc])

    def test_nat_gateways_are_filtered_by_tags(self):
        subnet = self.subnet(self.vpc())
        mine = [{"ResourceType": "natgateway", "Tags": [{"Key": "owner", "Value": "me"}]}]
        wanted, _ = self.nat(subnet, TagSpecifications=mine)
        self.nat(subnet)
        for filters in ({"Name": "tag:owner", "Values": ["me"]}, {"Name": "tag-key", "Values": ["owner"]}):
            found = self.ec2.describe_nat_gateways(Filter=[filters])["NatGateways"]
            self.assertEqual([gateway["NatGatewayId"] for gateway in found], [wanted])

    def test_unknown_nat_gateways_are_not_found(self):
        self.refused("NatGatewayNotFound", self.ec2.describe_nat_gateways, NatGatewayIds=["nat-0123456789abcdef0"])

    def test_egress_only_gateways_are_filtered_by_tags(self):
        self.ec2.create_egress_only_internet_gateway(VpcId=self.vpc())
        filters = [{"Name": "tag-key", "Values": ["owner"]}]
        found = self.ec2.describe_egress_only_internet_gateways(Filters=filters)
        self.assertEqual(found["EgressOnlyInternetGateways"], [])

    def test_tags_go_with_what_they_are_on(self):
        vpc = self.vpc()
        subnet = self.subnet(vpc)
        tables = [self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]]
        groups = [self.group(vpc)]
        self.ec2.create_tags(Resources=[vpc, subnet, *tables, *groups], Tags=[{"Key": "mine", "Value": "1"}])
        template = self.template()["LaunchTemplateId"]
        self.ec2.create_tags(Resources=[template], Tags=[{"Key": "mine", "Value": "1"}])
        self.ec2.delete_launch_template(LaunchTemplateId=template)
        self.ec2.delete_security_group(GroupId=groups[0])
        self.ec2.delete_route_table(RouteTableId=tables[0])
        self.ec2.delete_subnet(SubnetId=subnet)
        self.ec2.delete_vpc(VpcId=vpc)
        self.assertEqual(self.ec2.describe_tags(Filters=[{"Name": "key", "Values": ["mine"]}])["Tags"], [])


class Tokens(Case):
    def test_nat_gateway(self):
        subnet = self.subnet(self.vpc())
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        make = lambda: self.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address, ClientToken="one")
        self.assertEqual(make()["NatGateway"]["NatGatewayId"], make()["NatGateway"]["NatGatewayId"])

    def test_volume(self):
        make = lambda size: self.ec2.create_volume(AvailabilityZone="us-east-1a", Size=size, ClientToken="one")
        self.assertEqual(make(1)["VolumeId"], make(1)["VolumeId"])
        self.refused("IdempotentParameterMismatch", make, size=2)

    def test_instances(self):
        subnet = self.subnet(self.vpc())
        make = lambda: self.ec2.run_instances(
            ImageId="ami-1", MinCount=1, MaxCount=1, SubnetId=subnet, ClientToken="one"
        )
        self.assertEqual(make()["Instances"][0]["InstanceId"], make()["Instances"][0]["InstanceId"])

    def test_route_table(self):
        vpc = self.vpc()
        make = lambda: self.ec2.create_route_table(VpcId=vpc, ClientToken="one")["RouteTable"]["RouteTableId"]
        self.assertEqual(make(), make())

    def test_egress_only_gateway(self):
        vpc = self.vpc()
        make = lambda: self.ec2.create_egress_only_internet_gateway(VpcId=vpc, ClientToken="one")
        ids = {make()["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"] for _ in range(2)}
        self.assertEqual(len(ids), 1)

    def test_launch_template_and_version(self):
        data = {"ImageId": "ami-1"}
        make = lambda: self.ec2.create_launch_template(
            LaunchTemplateName="template", LaunchTemplateData=data, ClientToken="one"
        )
        self.assertEqual(make()["LaunchTemplate"]["LaunchTemplateId"], make()["LaunchTemplate"]["LaunchTemplateId"])
        for _ in range(2):
            version = self.ec2.create_launch_template_version(
                LaunchTemplateName="template", LaunchTemplateData=data, ClientToken="two"
            )
            self.assertEqual(version["LaunchTemplateVersion"]["VersionNumber"], 2)
