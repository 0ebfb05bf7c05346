package kedge.production_destroy_test

import rego.v1

import data.kedge.production_destroy

denied(labels, key, action) := n if n := count(production_destroy.deny) with input as {
	"manifests": [
		{"kind": "InstanceGroup", "metadata": {"name": "nodes"}},
		{"kind": "Cluster", "metadata": object.union({"name": "c.example.com"}, labels)},
	],
	"changes": [{"key": key, "action": action}],
}

production := {"labels": {"kedge.dev/environment": "production"}}

permitted := {"labels": {"kedge.dev/environment": "production", "kedge.dev/allow-destroy": "true"}}

test_production_destroys_no_group if denied(production, "auto-scaling-group/nodes.c.example.com", "delete") == 1

test_nor_does_it_replace_a_subnet if denied(production, "subnet/a.c.example.com", "replace") == 1

test_unless_a_label_says_so if denied(permitted, "auto-scaling-group/nodes.c.example.com", "delete") == 0

test_rules_come_and_go if denied(production, "security-group-rule/nodes.c.example.com tcp 22 from 10.0.0.0/8", "delete") == 0

test_making_is_no_destroying if denied(production, "auto-scaling-group/nodes.c.example.com", "create") == 0

test_elsewhere_anything_goes if denied({}, "auto-scaling-group/nodes.c.example.com", "delete") == 0
