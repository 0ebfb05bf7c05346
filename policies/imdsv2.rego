# Instances give out their metadata, and with it the credentials of their role, for session tokens only (IMDSv2).
package kedge.imdsv2

import rego.v1

deny contains {"msg": msg, "key": template.key} if {
	some template in input.desired
	template.kind == "launch-template"
	template.properties.MetadataOptions.HttpTokens != "required"
	msg := "instance metadata is given without a session token: set instanceMetadata.httpTokens to required"
}
