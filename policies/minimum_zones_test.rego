package kedge.minimum_zones_test

import rego.v1

import data.kedge.minimum_zones

denied(labels, zones) := n if n := count(minimum_zones.deny) with input as {
	"cluster": "c.example.com",
	"manifests": [{"kind": "Cluster", "metadata": {"name": "c.example.com", "labels": labels}}],
	"desired": [{"kind": "subnet", "key": sprintf("subnet/%s", [zone]), "properties": {"AvailabilityZone": zone}} |
		some zone in zones
	],
}

test_production_in_two_zones_is_denied if denied({"kedge.dev/environment": "production"}, ["a", "b"]) == 1

test_production_in_three_is_fine if denied({"kedge.dev/environment": "production"}, ["a", "b", "c"]) == 0

test_staging_needs_two if denied({"kedge.dev/environment": "staging"}, ["a"]) == 1

test_others_need_none if denied({}, ["a"]) == 0

test_existing_subnets_are_not_counted if denied({"kedge.dev/environment": "production"}, []) == 0
