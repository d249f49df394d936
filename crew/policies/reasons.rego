# Every action has a reason, and the reason rests on something that happened. The door checks it first; this is
# the second lock.
package crew

import rego.v1

deny contains {
	"rule": "reason.rationale",
	"reason": say([tool, " is to be called without a reason."]),
	"mend": "Say in a sentence why it is needed.",
} if {
	trim_space(rationale) == ""
}

deny contains {
	"rule": "reason.evidence",
	"reason": say(["The reason cites ", id, ", which this delivery does not know."]),
	"mend": "Cite ids of earlier actions or artifacts of this delivery.",
} if {
	some id in evidence
	not id in fact_list("known_evidence")
}
