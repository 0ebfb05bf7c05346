package kedge.x

import rego.v1

deny := "no set"
