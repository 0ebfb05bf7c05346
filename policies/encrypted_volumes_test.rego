package kedge.encrypted_volumes_test

import rego.v1

import data.kedge.encrypted_volumes

denied(kind, properties) := n if n := count(encrypted_volumes.deny) with input as {"desired": [{
	"key": "volume/a.etcd-main.c.example.com",
	"kind": kind,
	"properties": properties,
}]}

template(encrypted) := {"BlockDeviceMappings": [
	{"DeviceName": "/dev/sdc", "VirtualName": "ephemeral0"},
	{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": encrypted}},
]}

test_a_volume_has_to_be_encrypted if denied("volume", {"Encrypted": false}) == 1

test_an_encrypted_one_is_fine if denied("volume", {"Encrypted": true}) == 0

test_so_do_those_of_instances if denied("launch-template", template(false)) == 1

test_local_disks_are_no_volumes if denied("launch-template", template(true)) == 0
