package kedge.open_ssh_test

import rego.v1

import data.kedge.open_ssh

rule(properties) := {"desired": [{
	"key": "security-group-rule/nodes.c.example.com tcp 22",
	"kind": "security-group-rule",
	"properties": object.union({"Direction": "ingress", "IpProtocol": "tcp"}, properties),
}]}

denied(properties) := n if n := count(open_ssh.deny) with input as rule(properties)

test_ssh_from_everywhere_is_denied if denied({"FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}) == 1

test_so_is_ssh_over_ipv6 if denied({"FromPort": 22, "ToPort": 22, "CidrIpv6": "::/0"}) == 1

test_so_is_a_range_with_port_22 if denied({"FromPort": 1, "ToPort": 1024, "CidrIp": "0.0.0.0/0"}) == 1

test_so_is_everything if denied({"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}) == 1

test_a_known_network_may if denied({"FromPort": 22, "ToPort": 22, "CidrIp": "203.0.113.0/24"}) == 0

test_other_ports_may_be_open if denied({"FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}) == 0

test_the_way_out_may_be_open if denied({"Direction": "egress", "IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}) == 0
