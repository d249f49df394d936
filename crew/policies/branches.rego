# Protected branches change only by a merge.
package crew

import rego.v1

branch_names contains fact_text("branch") if is_string(facts.branch)

branch_names contains name if {
	some argument in data.settings.branch_arguments
	name := arguments[argument]
}

protected_branches contains name if some name in data.settings.protected_branches

protected_branches contains lower(name) if some name in fact_list("protected_branches")

deny contains finding if {
	object.get(kit, "writes_branch", false)
	some name in branch_names
	not plain_branch(name)
	finding := {
		"rule": "branch.name",
		"reason": ["'", name, "' is not a plain branch name."],
		"fix": "Use letters, digits, dots, dashes and slashes, without 'refs/'.",
	}
}

plain_branch(name) if {
	regex.match(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`, name)
	not startswith(lower(name), "refs/")
	not startswith(lower(name), "heads/")
	not contains(name, "..")
	not contains(name, "//")
}

deny contains finding if {
	object.get(kit, "writes_branch", false)
	some name in branch_names
	protected(name)
	finding := {
		"rule": "branch.protected",
		"reason": [tool, " would write to the protected branch ", name, "."],
		"fix": "Work on the story's own branch and let it be merged.",
	}
}

protected(name) if lower(name) in protected_branches

protected(name) if {
	some prefix in data.settings.protected_prefixes
	startswith(lower(name), prefix)
}
