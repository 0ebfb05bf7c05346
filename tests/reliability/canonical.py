"""Accounts made comparable: no ids, no times, no addresses that chance has given."""

import collections
import json
import re

# What differs between two accounts that were made in the same way.
BY_CHANCE = {
    "AssociationId", "AttachmentId", "AttachTime", "CallerReference", "CreateDate", "CreateTime", "CreatedTime",
    "CreatedTimestamp", "CreationDate", "ClientToken", "DNSName", "InstanceProfileId", "LastModifiedTimestamp",
    "LaunchTime", "LoadBalancerAddresses", "MacAddress", "NetworkInterfaces", "PrivateDnsName", "PrivateIp",
    "PrivateIpAddress", "PrivateIpAddresses", "PublicDnsName", "PublicIp", "ReservationId", "RoleId", "StartTime",
    "StateTransitionReason", "UsageOperationUpdateTime",
}  # fmt: skip
# Ids that no thing of the account has: of parts of things, of things that are gone, of keys that AWS holds.  Images keep
# theirs: they are the account's.
ID = re.compile(
    r"\b(?:vpc|subnet|rtb|rtbassoc|igw|eigw|nat|eipalloc|eipassoc|dopt|acl|aclassoc|sg|sgr|i|eni|eni-attach|vol|lt|r"
    r"|vpc-cidr-assoc|subnet-cidr-assoc)-[0-9a-f]{8,}\b|\bkey/[0-9a-f-]{36}\b"
)


def canonical(things):
    """A multiset of lines, one for each thing; equal for accounts that differ by chance only."""
    names = {}
    for thing in things:
        for known in filter(None, thing.ids):
            names[known.lower()] = f"<{thing.kind} {thing.name}>"
    # Longer ids first: one may be the beginning of another one.
    known = sorted(names, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, known)), re.IGNORECASE) if known else None

    def text(value):
        if pattern:
            value = pattern.sub(lambda found: names[found.group().lower()], value)
        return ID.sub("<gone>", value)

    def plain(value):
        if isinstance(value, dict):
            return {text(key): plain(item) for key, item in sorted(value.items()) if key not in BY_CHANCE}
        if isinstance(value, (list, tuple)):
            return sorted((plain(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        return text(value) if isinstance(value, str) else value if isinstance(value, (int, float, type(None))) else str(value)

    lines = collections.Counter()
    for thing in things:
        lines[f"{thing.kind} {text(thing.name)} {json.dumps(plain(thing.data), sort_keys=True)}"] += 1
    return lines


def names_of(things):
    """How many things of each kind and name there are."""
    return collections.Counter(f"{thing.kind} {thing.name}" for thing in things)


class Difference:
    """How an account differs from what it should be."""

    def __init__(self, expected, found):
        """Both are lists of things."""
        here, there = names_of(found), names_of(expected)
        self.duplicated = sorted((here - there).keys() & there.keys())
        self.leaked = sorted((here - there).keys() - there.keys())
        self.missing = sorted((there - here).keys())
        wanted, has = canonical(expected), canonical(found)
        counted = (*self.duplicated, *self.leaked, *self.missing)
        self.changed = [f"- {line}" for line in sorted(wanted - has) if not line.startswith(counted)]
        self.changed += [f"+ {line}" for line in sorted(has - wanted) if not line.startswith(counted)]

    def __bool__(self):
        return bool(self.duplicated or self.leaked or self.missing or self.changed)

    def __str__(self):
        parts = [("twice", self.duplicated), ("left over", self.leaked), ("missing", self.missing), ("other", self.changed)]
        return "\n".join(f"{title}: {item}" for title, items in parts for item in items)
