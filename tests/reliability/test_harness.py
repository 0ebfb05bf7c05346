#!/usr/bin/env python3
"""Tests of the comparison: what chance decides is no difference, and every leftover, double and change is one."""

import types
import unittest

from canonical import Difference
from report import table
from campaigns import STANDSTILL, Result, Scene, killed_again
from snapshot import Thing
from world import PYTHON, ROOT, Broken, Ended, World


def vpc(number, name="c.example.com", **data):
    return Thing("vpc", name, [f"vpc-{number:08x}"], {"VpcId": f"vpc-{number:08x}", "OwnerId": "1", **data})


def subnet(number, of):
    data = {"SubnetId": f"subnet-{number:08x}", "VpcId": of.ids[0], "Association": "rtbassoc-0123456789"}
    return Thing("subnet", "a.c.example.com", [data["SubnetId"]], data)


class Comparison(unittest.TestCase):
    def test_ids_times_and_order_make_no_difference(self):
        one, other = vpc(1, CreateTime="today"), vpc(2, CreateTime="yesterday")
        self.assertFalse(Difference([one, subnet(3, one)], [subnet(4, other), other]))

    def test_a_second_one_is_twice_and_not_left_over(self):
        found = Difference([vpc(1)], [vpc(1), vpc(2)])
        self.assertEqual((found.duplicated, found.leaked, found.missing), (["vpc c.example.com"], [], []))

    def test_a_new_name_is_left_over(self):
        found = Difference([vpc(1)], [vpc(1), vpc(2, "other")])
        self.assertEqual((found.duplicated, found.leaked, found.missing), ([], ["vpc other"], []))

    def test_what_is_not_there_is_missing(self):
        found = Difference([vpc(1), vpc(2, "other")], [vpc(1)])
        self.assertEqual((found.duplicated, found.leaked, found.missing), ([], [], ["vpc other"]))

    def test_a_part_of_something_else_is_a_difference(self):
        right, wrong = vpc(1), vpc(2, "other")
        found = Difference([right, wrong, subnet(3, right)], [right, wrong, subnet(3, wrong)])
        self.assertEqual(len(found.changed), 2)
        self.assertIn("<vpc other>", found.changed[1])

    def test_a_tag_is_a_difference(self):
        self.assertTrue(Difference([vpc(1)], [vpc(1, Tags=[{"Key": "a", "Value": "b"}])]))

    def test_runs_that_were_not_struck_do_not_count(self):
        results = [Result("apply", "a", "1"), Result("apply", "a", "2", struck=False), Result("apply", "a", "3", broken="no")]
        self.assertEqual(table("kills", results)[-2], "| apply | a | 2 | 1 | 0 | 0 | 0 | 0 | 1 |")


class Killed:
    """A world in which each command is killed; it has made as much as `made` says of the write that it was killed at."""

    def __init__(self, store, made):
        self.args, self.made, self.vpcs, self.account = types.SimpleNamespace(store=store), made, 0, self

    def reset(self):
        pass

    def keys(self):
        return ""

    def snapshot(self):
        return [vpc(number, f"{number}.example.com") for number in range(self.vpcs)]

    def apply(self, rules, **_):
        self.vpcs += self.made(rules[0]["nth"])
        return Ended(-9, "", 1, {}, [])


class Standstill(unittest.TestCase):
    SCENE = Scene("apply", types.SimpleNamespace(letter="a"), (), Killed.apply, [], None, Ended(0, "", 8, {}, []))

    def test_commands_that_get_nowhere_are_not_given_for_ever(self):
        with self.assertRaisesRegex(Broken, f"{STANDSTILL} commands were killed"):
            killed_again(Killed("none", lambda _: False), self.SCENE, "after write", 1)

    def test_what_every_command_writes_first_is_not_counted(self):
        for store, first in (("none", 1), ("file", 4), ("s3", 4), ("boot", 11)):
            world = Killed(store, lambda nth, first=first: nth >= first)
            self.assertEqual(killed_again(world, self.SCENE, "after write", 1).commands, 9, store)


class Snapshot(unittest.TestCase):
    """The snapshot sees what stands in no plan: things without tags, of every service."""

    def test_everything_in_the_account(self):
        args = types.SimpleNamespace(store="none", amis=ROOT / "tests/moto/amis.json", proxy=ROOT / "tests/proxy/proxy.py")
        world = World(args)
        try:
            before = world.account.snapshot()
            self.assertFalse(Difference(before, world.account.snapshot()))
            client = world.account.client
            network = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
            client("ec2").allocate_address(Domain="vpc")
            client("ec2").create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name", "Values": ["x"]}])
            client("ec2").create_internet_gateway()
            client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)
            client("ec2").create_security_group(GroupName="stray", Description="stray", VpcId=network)
            client("elbv2").create_target_group(Name="stray", Protocol="TCP", Port=1, VpcId=network)
            client("iam").create_role(RoleName="stray", AssumeRolePolicyDocument="{}")
            client("iam").create_instance_profile(InstanceProfileName="stray")
            client("sqs").create_queue(QueueName="stray")
            client("events").put_rule(Name="stray", EventPattern='{"source": ["x"]}')
            found = Difference(before, world.account.snapshot())
            kinds = {line.split(" ")[0] for line in found.leaked + found.duplicated}
            self.assertEqual(
                kinds,
                {"vpc", "route-table", "network-acl", "security-group", "security-group-rule", "address", "dhcp-options",
                 "internet-gateway", "volume", "target-group", "role", "instance-profile", "queue", "event-rule"},
            )  # fmt: skip
            world.reset()
            self.assertFalse(Difference(before, world.account.snapshot()))
        finally:
            world.stop()


if __name__ == "__main__":
    if not PYTHON.exists():
        raise SystemExit("there is no .venv: run `tests/run server` first")
    unittest.main()
