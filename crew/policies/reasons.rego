# Every action has a reason that cites earlier actions. The door checks this first; these rules check it again.
package crew

import rego.v1

deny contains finding if {
	not gives_reason
	finding := {
		"rule": "reason.rationale",
		"reason": ["The call of '", tool, "' gives no reason."],
		"fix": "Explain in one sentence why it is needed.",
	}
}

# The engines' regular expressions differ in what they call a letter, so the door counts the visible ones.
gives_reason if {
	regex.match(`[^ ␊␉␍�]`, rationale)
	letters := object.get(facts, "rationale_letters", 0)
	is_number(letters)
	letters >= 3
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
