# Changes that need a person's approval. The door stores approvals; these rules ask every time.
package crew

import rego.v1

# A missing list of breaking changes counts as one breaking change.
default breaks := ["nobody compared the contracts."]

breaks := fact_object("contract").breaking if is_array(fact_object("contract").breaking)

# A missing list of incomparable parts counts as one.
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
		"fix": "A person must confirm that clients are ready for it.",
		"answerable": data.settings.breaking_answerable,
	}
}

ask contains finding if {
	merging
	some what in unknown
	finding := {
		"rule": "contract.incomparable",
		"reason": ["A part of the contract cannot be compared: ", what],
		"fix": "A person must compare it and confirm that clients are ready for it.",
		"answerable": data.settings.breaking_answerable,
	}
}

ask contains finding if {
	merging
	some what in destroys
	finding := {
		"rule": "migration.destructive",
		"reason": ["A migration does more than add: ", what],
		"fix": "A person must review it and confirm that no data is lost that is still needed.",
		"answerable": false,
	}
}

ask contains finding if {
	merging
	some secret in fact_list("secrets")
	awaits_merge(secret)
	finding := {
		"rule": "secret.unscanned",
		"reason": ["The change is too large for ", object.get(secret, "file", "a text"), " to be scanned for secrets."],
		"fix": "A person must look for secrets in it.",
		"answerable": false,
	}
}

# The crew may not decide alone what pipelines run and what the crew itself may do.
ask contains finding if {
	merging
	some path in fact_list("guarding")
	finding := {
		"rule": "guarding.changed",
		"reason": ["The change touches ", path, ", which decides how changes are built, checked or allowed."],
		"fix": "A person must review it.",
		"answerable": false,
	}
}
