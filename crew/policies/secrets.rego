# Changes, comments and commits must not contain secrets.
package crew

import rego.v1

deny contains finding if {
	some secret in fact_list("secrets")
	finding := {
		"rule": "secret.found",
		"reason": ["There is a secret (", object.get(secret, "kind", "unknown"), ") in ", object.get(secret, "file", "a text"), ", line ", object.get(secret, "line", 0), "."],
		"fix": "Remove it and read it from the environment. If it was ever committed, revoke it.",
	}
}
