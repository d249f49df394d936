# The one answer: whatever is not denied is allowed, and no answer in this form counts as a no.
# Policies of the user's own live in package extra. They can add to deny and ask; they can take nothing away.
package crew

import rego.v1

decision := {"form": "crew/1", "call": input.call, "deny": deny, "ask": ask}

deny contains finding if some finding in data.extra.deny

ask contains finding if some finding in data.extra.ask

extra_findings["deny"] := data.extra.deny

extra_findings["ask"] := data.extra.ask

deny contains finding if {
	some name, findings in extra_findings
	not type_name(findings) in {"set", "array"}
	finding := {
		"rule": "extra.form",
		"reason": ["The policies of package extra define ", name, " as ", type_name(findings), "."],
		"mend": ["Define ", name, " there with 'contains' alone."],
	}
}
