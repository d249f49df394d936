# Changes that a person decides on. The door keeps the approvals; these rules ask every time.
package crew

import rego.v1

# A fact that says nothing of what breaks counts as a break.
default breaks := ["nobody compared the contracts."]

breaks := fact_object("contract").breaking if is_array(fact_object("contract").breaking)

# What was not compared counts as a break.
default unknown := ["all of it."]

unknown := fact_object("contract").incomparable if is_array(fact_object("contract").incomparable)

default destroys := ["nobody read the migrations."]

destroys := fact_object("migrations").destructive if is_array(fact_object("migrations").destructive)

ask contains finding if {
	merging
	some what in breaks
	finding := {
		"rule": "contract.breaking",
		"reason": ["The change breaks the contract: ", what],
		"mend": "A person must say that the clients are ready for it.",
		"answerable": data.settings.breaking_answerable,
	}
}

ask contains finding if {
	merging
	some what in unknown
	finding := {
		"rule": "contract.incomparable",
		"reason": ["Nobody has compared a part of the contract: ", what],
		"mend": "A person must compare it, and say that the clients are ready for it.",
		"answerable": data.settings.breaking_answerable,
	}
}

ask contains finding if {
	merging
	some what in destroys
	finding := {
		"rule": "migration.destructive",
		"reason": ["A migration destroys data: ", what],
		"mend": "A person must say that the data may go.",
		"answerable": false,
	}
}

# What runs in the pipeline, and what the crew itself may do, is not the crew's to settle.
ask contains finding if {
	merging
	some path in fact_list("guarding")
	finding := {
		"rule": "guarding.changed",
		"reason": ["The change touches ", path, ", which decides how changes are built, checked or allowed."],
		"mend": "A person must read it.",
		"answerable": false,
	}
}
