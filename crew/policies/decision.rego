# The decision. A call without objections is allowed; the door treats any other form of answer as a denial.
# User policies are in package extra. They can add to deny and ask, and remove nothing.
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
		"fix": ["Define ", name, " there with 'contains' only."],
	}
}
