#!/usr/bin/env python3
"""What an account holds after an apply is what `kedge resources` lists: name for name and tag for tag, and nothing else.

    tests/reliability/footprint.py                    the clusters of specs/
    tests/reliability/footprint.py --clusters FOLDER  a.yaml, b.yaml and c.yaml there, as kops wrote them

`kedge resources` is compared with kops's own expectations elsewhere (crates/model/tests/kops_cases.rs); this holds the account
to it, read with boto3.  docs/reference/kops-differences.md says what kops leaves otherwise: rules of security groups have
tags, and the state store's objects are others.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

from run import IMAGE
from snapshot import tags_of
from world import ROOT, Cluster, World

# Types of the list, and what the snapshot calls them.  Parts without tags are counted.
TAGGED = {
    "AWS::EC2::VPC": "vpc",
    "AWS::EC2::DHCPOptions": "dhcp-options",
    "AWS::EC2::InternetGateway": "internet-gateway",
    "AWS::EC2::EgressOnlyInternetGateway": "egress-only-gateway",
    "AWS::EC2::Subnet": "subnet",
    "AWS::EC2::RouteTable": "route-table",
    "AWS::EC2::EIP": "address",
    "AWS::EC2::NatGateway": "nat-gateway",
    "AWS::EC2::SecurityGroup": "security-group",
    "AWS::EC2::KeyPair": "key-pair",
    "AWS::EC2::Volume": "volume",
    "AWS::EC2::LaunchTemplate": "launch-template",
    "AWS::AutoScaling::AutoScalingGroup": "auto-scaling-group",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "load-balancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "target-group",
    "AWS::IAM::Role": "role",
    "AWS::IAM::InstanceProfile": "instance-profile",
    "AWS::IAM::OIDCProvider": "oidc-provider",
    "AWS::SQS::Queue": "queue",
    "AWS::Events::Rule": "event-rule",
}
COUNTED = {
    "AWS::EC2::SecurityGroupIngress": "security-group-rule",
    "AWS::EC2::SecurityGroupEgress": "security-group-rule",
    "AWS::ElasticLoadBalancingV2::Listener": "listener",
    "AWS::Route53::RecordSet": "record-set",
}
# What comes with other things: instances with their group, ACLs, tables and groups with their VPC.
ALONG = {"instance", "network-interface", "network-acl"}


def line(kind, tags):
    return f"{kind} {json.dumps(tags, sort_keys=True)}"


def listed(resources):
    """What there should be."""
    expected = collections.Counter()
    for resource in resources:
        kind = resource["type"]
        if kind in TAGGED:
            expected[line(TAGGED[kind], resource["properties"].get("Tags", {}))] += 1
        elif kind in COUNTED:
            expected[COUNTED[kind]] += 1
    return expected


def held(before, after):
    """What has come into the account."""
    known = {(thing.kind, thing.name, *thing.ids) for thing in before}
    found = collections.Counter()
    # Rules of the group that every VPC has come with it.
    defaults = {thing.ids[0] for thing in after if thing.kind == "security-group" and thing.name == "default"}
    for thing in after:
        if thing.kind in ALONG or (thing.kind, thing.name, *thing.ids) in known or thing.data.get("GroupId") in defaults:
            continue
        tags = tags_of(thing.data)
        if thing.kind in COUNTED.values():
            found[thing.kind] += 1
        elif tags or thing.kind not in ("route-table", "volume"):
            found[line(thing.kind, tags)] += 1
    return found


def footprint(world, cluster):
    """The differences of one cluster."""
    world.reset()
    before = world.account.snapshot()
    ended = subprocess.run(
        [world.args.kedge, "resources", "-f", cluster.manifest], env=world.environment(), cwd=world.folder.name,
        capture_output=True, text=True,
    )  # fmt: skip
    if ended.returncode:
        raise SystemExit(f"{cluster.manifest}: {ended.stderr}")
    expected = listed(json.loads(ended.stdout))
    world.apply(cluster, expect=[0])
    found = held(before, world.account.snapshot())
    missing, extra = expected - found, found - expected
    return sum(expected.values()), [f"missing: {it}" for it in missing.elements()] + [f"too many: {it}" for it in extra.elements()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kedge", type=pathlib.Path, default=ROOT / "target/debug/kedge")
    parser.add_argument("--clusters", type=pathlib.Path, help="folder with a.yaml, b.yaml, c.yaml and amis.json")
    args = parser.parse_args()
    args.kedge, args.store, args.proxy = args.kedge.resolve(), "none", ROOT / "tests/proxy/proxy.py"
    folder = args.clusters.resolve() if args.clusters else ROOT / "specs"
    args.amis = folder / "amis.json" if args.clusters else ROOT / "tests/moto/amis.json"
    world, wrong = World(args), 0
    try:
        for manifest in sorted(folder.glob("*.yaml")):
            # The test server has no parameters of Canonical's.
            copy = pathlib.Path(world.folder.name) / manifest.name
            copy.write_text(re.sub(r"image: ssm:\S+", f"image: {IMAGE}", manifest.read_text()))
            count, differences = footprint(world, Cluster(copy))
            print(f"{manifest.name}: {count} resources, {len(differences)} differences")
            print("".join(f"  {difference}\n" for difference in differences), end="")
            wrong += len(differences)
    finally:
        world.stop()
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
