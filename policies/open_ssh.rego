# Nobody on the internet reaches port 22: SSH is for known networks.
package kedge.open_ssh

import rego.v1

anywhere := {"0.0.0.0/0", "::/0"}

deny contains {"msg": msg, "key": rule.key} if {
	some rule in input.desired
	rule.kind == "security-group-rule"
	rule.properties.Direction == "ingress"
	opens(rule.properties)
	some source in {object.get(rule.properties, "CidrIp", ""), object.get(rule.properties, "CidrIpv6", "")}
	source in anywhere
	msg := sprintf("port 22 is open to %s: name the networks that may use SSH in sshAccess", [source])
}

opens(rule) if {
	rule.IpProtocol == "tcp"
	rule.FromPort <= 22
	rule.ToPort >= 22
}

opens(rule) if rule.IpProtocol == "-1"
