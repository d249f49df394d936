# Changes that a person decides on. The door keeps the approvals; these rules ask every time.
package crew

import rego.v1

# A fact that is there but says nothing of what breaks counts as a break.
breaks := object.get(fact_object("contract"), "breaking", ["nobody compared the contracts"])

destroys := object.get(fact_object("migrations"), "destructive", ["nobody read the migrations"])

ask contains finding if {
	merging
	some what in breaks
	finding := {
		"rule": "contract.breaking",
		"reason": ["The change breaks the contract: ", what, "."],
		"mend": "A person must say that the clients are ready for it.",
		"answerable": data.settings.breaking_answerable,
	}
}

ask contains finding if {
	merging
	some what in destroys
	finding := {
		"rule": "migration.destructive",
		"reason": ["A migration destroys data: ", what, "."],
		"mend": "A person must say that the data may go.",
		"answerable": false,
	}
}
