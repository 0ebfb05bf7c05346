"""A test server to talk to, and what the cases make in its account."""

import os
import pathlib
import subprocess
import sys
import unittest
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

SERVER = pathlib.Path(__file__).resolve().parent.parent / "server.py"
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVgyyYzbHjMkbyl9hqsKAr03kjQLBVbHMLlAANFVa0x test"


class Server:
    """A server in a process of its own."""

    def __init__(self, *options):
        command = [sys.executable, str(SERVER), "--port", "0", *options]
        # Without moto's own images a reset is ten times faster.
        environment = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            raise RuntimeError(f"the server did not start: {line!r}")
        self.url = line.split()[-1]
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

    def reset(self):
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")).read()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Case(unittest.TestCase):
    """Starts each test with an empty account."""

    server = None

    def setUp(self):
        self.server.reset()
        self.ec2 = self.server.client("ec2")
        self.elb = self.server.client("elbv2")
        self.asg = self.server.client("autoscaling")

    def refused(self, code, call, **params):
        with self.assertRaises(ClientError) as caught:
            call(**params)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)

    def vpc(self):
        return self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    def subnet(self, vpc, cidr="10.0.0.0/24", zone="us-east-1a"):
        return self.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]

    def group(self, vpc, name="group"):
        return self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]

    def gateway(self, vpc=None):
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        if vpc:
            self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        return gateway

    def nat(self, subnet, **params):
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        made = self.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address, **params)["NatGateway"]
        return made["NatGatewayId"], address

    def balancer(self, subnet, **params):
        params = {"Name": "lb", "Type": "network", "Subnets": [subnet], **params}
        return self.elb.create_load_balancer(**params)["LoadBalancers"][0]

    def target_group(self, vpc, name="tg"):
        made = self.elb.create_target_group(Name=name, Protocol="TCP", Port=443, VpcId=vpc)
        return made["TargetGroups"][0]["TargetGroupArn"]

    def template(self, name="template", **data):
        data = {"ImageId": "ami-1", "InstanceType": "t3.micro", **data}
        return self.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)["LaunchTemplate"]

    def scaling_group(self, subnet, size=0, **params):
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName="nodes", MinSize=size, MaxSize=size + 1, VPCZoneIdentifier=subnet,
            **{"LaunchTemplate": {"LaunchTemplateName": "template", "Version": "$Latest"}, **params},
        )  # fmt: skip

    def scaling_groups(self):
        return self.asg.describe_auto_scaling_groups()["AutoScalingGroups"]
