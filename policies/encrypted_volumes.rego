# Every volume is encrypted: those of etcd, and those that instances start with.
package kedge.encrypted_volumes

import rego.v1

deny contains {"msg": "the volume is not encrypted: set encryptedVolume: true", "key": volume.key} if {
	some volume in input.desired
	volume.kind == "volume"
	not volume.properties.Encrypted
}

deny contains {"msg": msg, "key": template.key} if {
	some template in input.desired
	template.kind == "launch-template"
	some device in template.properties.BlockDeviceMappings
	device.Ebs
	not device.Ebs.Encrypted
	msg := sprintf("the volume %s is not encrypted: set encryption of the root volume, encrypted of others", [device.DeviceName])
}
