# Every action has a reason that cites earlier actions. The door checks this first; these rules check it again.
package crew

import rego.v1

deny contains finding if {
	not regex.match(`[^ ␊␉␍�]`, rationale)
	finding := {
		"rule": "reason.rationale",
		"reason": ["The call of '", tool, "' gives no reason."],
		"fix": "Explain in one sentence why it is needed.",
	}
}

deny contains finding if {
	some id in evidence
	not id in fact_list("known_evidence")
	finding := {
		"rule": "reason.evidence",
		"reason": ["The reason cites ", id, ", which does not exist in this delivery."],
		"fix": "Cite ids of earlier actions or artifacts of this delivery.",
	}
}
