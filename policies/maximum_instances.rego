# How many instances a cluster may grow to, so that a slip of the finger does not cost a fortune.
package kedge.maximum_instances

import rego.v1

most := 200

most_of_a_group := 100

groups := [group | some group in input.desired; group.kind == "auto-scaling-group"]

total := sum([group.properties.MaxSize | some group in groups])

deny contains msg if {
	total > most
	msg := sprintf("the instance groups may grow to %d instances, and %d are allowed", [total, most])
}

warn contains {"msg": msg, "key": group.key} if {
	some group in groups
	group.properties.MaxSize > most_of_a_group
	msg := sprintf("the group may grow to %d instances, which is more than %d", [group.properties.MaxSize, most_of_a_group])
}
