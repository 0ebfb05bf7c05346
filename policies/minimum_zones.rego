# A cluster that has to survive the loss of a zone stands in several.
package kedge.minimum_zones

import rego.v1

# How many zones at the least, by the label kedge.dev/environment of the Cluster.
wanted := {"production": 3, "staging": 2}

environment := [manifest.metadata.labels["kedge.dev/environment"] | some manifest in input.manifests; manifest.kind == "Cluster"][0]

zones := {subnet.properties.AvailabilityZone | some subnet in input.desired; subnet.kind == "subnet"}

deny contains msg if {
	count(zones) > 0
	count(zones) < wanted[environment]
	msg := sprintf("%s stands in %d zone(s), and %s wants %d", [input.cluster, count(zones), environment, wanted[environment]])
}
