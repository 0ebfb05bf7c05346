"""Networks and gateways."""

from cases.account import Case


class Network(Case):
    def test_vpc_with_internet_gateway(self):
        vpc = self.vpc()
        self.gateway(vpc)
        self.refused("DependencyViolation", self.ec2.delete_vpc, VpcId=vpc)

    def test_vpc_with_egress_only_gateway(self):
        vpc = self.vpc()
        self.ec2.create_egress_only_internet_gateway(VpcId=vpc)
        self.refused("DependencyViolation", self.ec2.delete_vpc, VpcId=vpc)

    def test_vpc_with_security_group(self):
        vpc = self.vpc()
        self.group(vpc)
        self.refused("DependencyViolation", self.ec2.delete_vpc, VpcId=vpc)

    def test_network_acls_of_a_vpc(self):
        vpc = self.vpc()
        of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
        acl = self.ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
        self.refused("DependencyViolation", self.ec2.delete_vpc, VpcId=vpc)
        self.ec2.delete_network_acl(NetworkAclId=acl)
        self.ec2.delete_vpc(VpcId=vpc)
        self.assertEqual(self.ec2.describe_network_acls(Filters=of_vpc)["NetworkAcls"], [])

    def test_ipv6_only_subnet(self):
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
        associated = self.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]
        block = associated["Ipv6CidrBlock"].replace("/56", "/64")
        subnet = self.ec2.create_subnet(VpcId=vpc, Ipv6CidrBlock=block, Ipv6Native=True)["Subnet"]
        self.assertEqual(subnet["AvailableIpAddressCount"], 0)
        self.assertEqual(subnet["PrivateDnsNameOptionsOnLaunch"]["HostnameType"], "resource-name")
        self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        self.ec2.create_network_interface(SubnetId=subnet["SubnetId"])

    def dhcp_options(self, **params):
        settings = [{"Key": "domain-name", "Values": ["ec2.internal"]}]
        return self.ec2.create_dhcp_options(DhcpConfigurations=settings, **params)["DhcpOptions"]

    def test_dhcp_options_survive_their_vpc(self):
        vpc, options = self.vpc(), self.dhcp_options()["DhcpOptionsId"]
        self.ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
        self.ec2.delete_vpc(VpcId=vpc)
        self.assertEqual(len(self.ec2.describe_dhcp_options(DhcpOptionsIds=[options])["DhcpOptions"]), 1)
        self.ec2.delete_dhcp_options(DhcpOptionsId=options)

    def test_dhcp_options_in_use_by_one_of_two(self):
        first, second, options = self.vpc(), self.vpc(), self.dhcp_options()["DhcpOptionsId"]
        for vpc in (first, second):
            self.ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
        self.ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=second)
        self.refused("DependencyViolation", self.ec2.delete_dhcp_options, DhcpOptionsId=options)
        self.ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=first)
        self.ec2.delete_dhcp_options(DhcpOptionsId=options)

    def test_dhcp_options_are_created_with_tags(self):
        tags = [{"ResourceType": "dhcp-options", "Tags": [{"Key": "owner", "Value": "me"}]}]
        made = self.dhcp_options(TagSpecifications=tags)
        self.assertEqual(made["Tags"], [{"Key": "owner", "Value": "me"}])
        found = self.ec2.describe_dhcp_options(Filters=[{"Name": "tag-key", "Values": ["owner"]}])["DhcpOptions"]
        self.assertEqual([options["DhcpOptionsId"] for options in found], [made["DhcpOptionsId"]])

    def test_subnet_attributes(self):
        subnet = self.subnet(self.vpc())
        change = lambda **params: self.ec2.modify_subnet_attribute(SubnetId=subnet, **params)
        change(PrivateDnsHostnameTypeOnLaunch="resource-name")
        change(EnableResourceNameDnsAAAARecordOnLaunch={"Value": True})
        change(EnableDns64={"Value": True})
        found = self.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]
        self.assertTrue(found["EnableDns64"])
        options = found["PrivateDnsNameOptionsOnLaunch"]
        self.assertEqual(options["HostnameType"], "resource-name")
        self.assertTrue(options["EnableResourceNameDnsAAAARecord"])
        self.refused(
            "InvalidParameterCombination",
            change,
            MapPublicIpOnLaunch={"Value": True},
            EnableDns64={"Value": True},
        )

    def test_subnet_with_instance(self):
        subnet = self.subnet(self.vpc())
        self.ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, SubnetId=subnet)
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=subnet)

    def test_subnet_with_nat_gateway(self):
        subnet = self.subnet(self.vpc())
        gateway, _ = self.nat(subnet)
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=subnet)
        self.ec2.delete_nat_gateway(NatGatewayId=gateway)
        self.ec2.delete_subnet(SubnetId=subnet)

    def test_subnet_with_load_balancer(self):
        subnet = self.subnet(self.vpc())
        balancer = self.balancer(subnet)["LoadBalancerArn"]
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=subnet)
        self.elb.delete_load_balancer(LoadBalancerArn=balancer)
        self.ec2.delete_subnet(SubnetId=subnet)

    def test_association_goes_with_its_subnet(self):
        vpc = self.vpc()
        subnet = self.subnet(vpc)
        table = self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        self.ec2.delete_subnet(SubnetId=subnet)
        self.ec2.delete_route_table(RouteTableId=table)

    def test_association_with_the_network_acl_goes_with_its_subnet(self):
        vpc = self.vpc()
        gone, subnet = self.subnet(vpc), self.subnet(vpc, "10.0.1.0/24")
        self.ec2.delete_subnet(SubnetId=gone)
        acl = self.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"][0]
        self.assertEqual([association["SubnetId"] for association in acl["Associations"]], [subnet])

    def test_main_route_table_stays(self):
        vpc = self.vpc()
        main = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
        self.refused("DependencyViolation", self.ec2.delete_route_table, RouteTableId=main["RouteTableId"])
        self.ec2.delete_vpc(VpcId=vpc)

    def test_a_subnet_has_one_route_table(self):
        vpc = self.vpc()
        subnet = self.subnet(vpc)
        first, second = (self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
        self.ec2.associate_route_table(RouteTableId=first, SubnetId=subnet)
        self.refused(
            "Resource.AlreadyAssociated", self.ec2.associate_route_table, RouteTableId=second, SubnetId=subnet
        )

    def route_table(self):
        vpc = self.vpc()
        return vpc, self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]

    def states(self, table):
        routes = self.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return [route["State"] for route in routes if route.get("GatewayId") != "local"]

    def test_a_destination_has_one_ipv6_route(self):
        vpc, table = self.route_table()
        route = {"RouteTableId": table, "DestinationIpv6CidrBlock": "::/0", "GatewayId": self.gateway(vpc)}
        self.ec2.create_route(**route)
        self.refused("RouteAlreadyExists", self.ec2.create_route, **route)

    def test_route_to_detached_gateway(self):
        _, table = self.route_table()
        route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": self.gateway()}
        self.refused("InvalidParameterValue", self.ec2.create_route, **route)

    def test_routes_to_nowhere_are_black_holes(self):
        vpc, table = self.route_table()
        gateway, internet = self.nat(self.subnet(vpc))[0], self.gateway(vpc)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="1.0.0.0/8", GatewayId=internet)
        self.assertEqual(self.states(table), ["active", "active"])
        self.ec2.delete_nat_gateway(NatGatewayId=gateway)
        self.ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
        self.assertEqual(self.states(table), ["blackhole", "blackhole"])


class Gateways(Case):
    def test_a_vpc_has_one_internet_gateway(self):
        vpc, second = self.vpc(), self.gateway()
        self.gateway(vpc)
        self.refused(
            "Resource.AlreadyAssociated", self.ec2.attach_internet_gateway, InternetGatewayId=second, VpcId=vpc
        )

    def test_a_vpc_has_one_egress_only_gateway(self):
        vpc = self.vpc()
        self.ec2.create_egress_only_internet_gateway(VpcId=vpc)
        self.refused("GatewayLimitExceeded", self.ec2.create_egress_only_internet_gateway, VpcId=vpc)

    def test_detaching_with_public_addresses(self):
        vpc = self.vpc()
        subnet, internet = self.subnet(vpc), self.gateway(vpc)
        detach = lambda: self.ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=vpc)
        gateway, _ = self.nat(subnet)
        self.refused("DependencyViolation", detach)
        self.ec2.delete_nat_gateway(NatGatewayId=gateway)
        balancer = self.balancer(subnet)["LoadBalancerArn"]
        self.refused("DependencyViolation", detach)
        self.elb.delete_load_balancer(LoadBalancerArn=balancer)
        self.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
        instance = self.ec2.run_instances(
            ImageId="ami-1", MinCount=1, MaxCount=1,
            NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": True}],
        )["Instances"][0]["InstanceId"]  # fmt: skip
        self.refused("DependencyViolation", detach)
        self.ec2.terminate_instances(InstanceIds=[instance])
        detach()

    def test_deleted_nat_gateway_gives_back_its_address(self):
        gateway, address = self.nat(self.subnet(self.vpc()))
        self.refused("InvalidIPAddress.InUse", self.ec2.release_address, AllocationId=address)
        self.ec2.delete_nat_gateway(NatGatewayId=gateway)
        found = self.ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]
        self.assertNotIn("AssociationId", found)
        self.ec2.release_address(AllocationId=address)

    def test_deleting_an_unknown_nat_gateway(self):
        self.refused("NatGatewayNotFound", self.ec2.delete_nat_gateway, NatGatewayId="nat-0123456789abcdef0")
