# No secret goes into a change, a comment or a commit.
package crew

import rego.v1

deny contains {
	"rule": "secret.found",
	"reason": sprintf("There is a secret (%v) in %v, line %v.", [object.get(secret, "kind", "unknown"), object.get(secret, "file", "a text"), object.get(secret, "line", 0)]),
	"mend": "Take it out and read it from the environment; what was ever committed must be revoked.",
} if {
	some secret in fact_list("secrets")
}
