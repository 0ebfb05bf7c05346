package kedge.x

import rego.v1

deny contains "x" if {
  nothing_like_it(1)
}
