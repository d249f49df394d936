# No secret goes into a change, a comment or a commit.
package crew

import rego.v1

deny contains finding if {
	some secret in fact_list("secrets")
	finding := {
		"rule": "secret.found",
		"reason": ["There is a secret (", object.get(secret, "kind", "unknown"), ") in ", object.get(secret, "file", "a text"), ", line ", object.get(secret, "line", 0), "."],
		"mend": "Take it out and read it from the environment; what was ever committed must be revoked.",
	}
}
