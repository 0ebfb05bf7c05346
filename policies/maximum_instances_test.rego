package kedge.maximum_instances_test

import rego.v1

import data.kedge.maximum_instances

groups(sizes) := {"desired": [{"kind": "auto-scaling-group", "key": "auto-scaling-group/nodes.c.example.com", "properties": {"MaxSize": size}} |
	some size in sizes
]}

test_a_cluster_has_a_limit if count(maximum_instances.deny) == 1 with input as groups([90, 80, 70])

test_below_it_all_is_fine if count(maximum_instances.deny) == 0 with input as groups([90, 80])

test_a_large_group_is_a_warning if count(maximum_instances.warn) == 1 with input as groups([101])

test_a_small_one_is_none if count(maximum_instances.warn) == 0 with input as groups([100])
