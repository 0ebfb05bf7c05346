# In production nothing that carries load or holds data is destroyed, unless the manifest says so in the same change.
package kedge.production_destroy

import rego.v1

environment_label := "kedge.dev/environment"

permission_label := "kedge.dev/allow-destroy"

guarded := {
	"auto-scaling-group", "elastic-ip", "load-balancer", "nat-gateway", "record-set", "subnet", "target-group", "volume",
	"vpc",
}

labels := object.get(cluster.metadata, "labels", {})

cluster := [manifest | some manifest in input.manifests; manifest.kind == "Cluster"][0]

deny contains {"msg": msg, "key": change.key} if {
	labels[environment_label] == "production"
	object.get(labels, permission_label, "") != "true"
	some change in input.changes
	change.action in {"delete", "replace"}
	split(change.key, "/")[0] in guarded
	msg := sprintf("production would %s this: set the label %s: \"true\" of the Cluster if that is meant, and remove it afterwards", [change.action, permission_label])
}
