"""DNS records."""

from moto.route53 import models as route53
from moto.route53.exceptions import DnsNameInvalidForZone, Route53ClientError

from mends.patching import mend


def key(name, kind, identifier):
    """What identifies a record: names do not tell capitals, and end with a dot whether it is written or not."""
    return name.lower().rstrip(".") + ".", kind, identifier


def content(ttl, records, alias):
    """What must be repeated to delete a record."""
    alias = alias or {}
    target = alias.get("HostedZoneId"), alias.get("DNSName", "").lower().rstrip(".")
    return str(ttl or ""), tuple(sorted(records)), target


def wanted(record):
    values = [value["Value"] for value in record.get("ResourceRecords") or []]
    return content(record.get("TTL"), values, record.get("AliasTarget"))


def refuse(verb, record, why):
    raise Route53ClientError(
        "InvalidChangeBatch",
        f"[Tried to {verb} resource record set [name='{record['Name']}', type='{record['Type']}'] but {why}]",
    )


@mend(route53.Route53Backend, "change_resource_record_sets")
def change_resource_record_sets(_original, self, zoneid, change_list):
    """AWS takes a batch as a whole or not at all, creates only what is not there, and deletes only what is named with its
    present values.  moto applies changes up to the one that fails, creates records twice if their values differ, deletes
    by what was once there, and answers a wrong deletion with InvalidInput."""
    zone = self.get_hosted_zone(zoneid)
    there = {key(r.name, r.type, r.set_identifier): (content(r.ttl, r.records, r.alias_target), r) for r in zone.rrsets}
    for change in change_list:
        record, action = change["ResourceRecordSet"], change["Action"]
        place = key(record["Name"], record["Type"], record.get("SetIdentifier"))
        name, apex = place[0], zone.name.lower().rstrip(".") + "."
        if name != apex and not name.endswith("." + apex):
            raise DnsNameInvalidForZone(name=record["Name"], zone_name=zone.name)
        if action == "CREATE" and place in there:
            refuse("create", record, "it already exists")
        if action == "DELETE":
            if place not in there:
                refuse("delete", record, "it was not found")
            if there[place][0] != wanted(record):
                refuse("delete", record, "the values provided do not match the current values")
            del there[place]
        else:
            values = [value["Value"] for value in record.get("ResourceRecords") or []]
            made = route53.RecordSet({**record, "Name": place[0], "ResourceRecords": values})
            there[place] = (wanted(record), made)
    zone.rrsets = [record for _, record in there.values()]
