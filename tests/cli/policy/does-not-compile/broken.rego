package kedge.x

import rego.v1

deny contains msg if {
  msg := 
}
