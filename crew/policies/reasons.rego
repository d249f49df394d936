# Every action has a reason, and the reason rests on something that happened. The door checks it first; this is
# the second lock.
package crew

import rego.v1

deny contains finding if {
	not regex.match(`[^ ␊␉␍�]`, rationale)
	finding := {
		"rule": "reason.rationale",
		"reason": ["The call of '", tool, "' gives no reason."],
		"mend": "Say in a sentence why it is needed.",
	}
}

deny contains finding if {
	some id in evidence
	not id in fact_list("known_evidence")
	finding := {
		"rule": "reason.evidence",
		"reason": ["The reason cites ", id, ", which this delivery does not know."],
		"mend": "Cite ids of earlier actions or artifacts of this delivery.",
	}
}
