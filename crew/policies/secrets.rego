# Changes, comments and commits must not contain secrets.
package crew

import rego.v1

deny contains finding if {
	some secret in fact_list("secrets")
	not awaits_merge(secret)
	finding := {
		"rule": "secret.found",
		"reason": ["There is a secret (", object.get(secret, "kind", "unknown"), ") in ", object.get(secret, "file", "a text"), ", line ", object.get(secret, "line", 0), "."],
		"fix": "Remove it and read it from the environment. If it was ever committed, revoke it.",
	}
}

# What is written to the branch comes to the merge, where a person is asked about texts too long to be scanned.
awaits_merge(secret) if {
	object.get(secret, "kind", "unknown") == "not scanned"
	tool in {"write_file", "edit_file", "write_examples", "commit", "open_pull_request", "merge"}
}
