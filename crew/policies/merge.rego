# A merge requires passing tests, clean linters and a security scan of the tree that is merged, and no open objection.
package crew

import rego.v1

merging if object.get(kit, "merges", false)

head_tree := fact_text("head_tree")

tests := fact_object("tests")

scan := fact_object("scan")

mutants := fact_object("mutants")

lint := fact_object("lint")

# A missing list of what the linters leave to a person counts as one.
default unchecked := ["nobody ran them."]

unchecked := lint.unchecked if is_array(lint.unchecked)

deny contains finding if {
	merging
	not same_tree(tests)
	finding := {
		"rule": "merge.tests_tree",
		"reason": ["The tests ran on the tree '", object.get(tests, "tree", "unknown"), "', but '", head_tree, "' is to be merged."],
		"fix": "Run the tests on the tree that is to be merged.",
	}
}

same_tree(report) if {
	head_tree != ""
	report.tree == head_tree
}

deny contains finding if {
	merging
	not all_zero(tests, ["failed", "errors"])
	finding := {
		"rule": "merge.tests_failed",
		"reason": ["Tests failed (", object.get(tests, "failed", "unknown"), ") or had errors (", object.get(tests, "errors", "unknown"), ")."],
		"fix": "Fix the code until every test passes.",
	}
}

all_zero(report, names) if {
	every name in names {
		report[name] == 0
	}
}

deny contains finding if {
	merging
	not some_passed
	finding := {
		"rule": "merge.tests_none",
		"reason": "No test passed.",
		"fix": "Write a test for every criterion and run them.",
	}
}

some_passed if {
	is_number(tests.passed)
	tests.passed > 0
}

deny contains finding if {
	merging
	object.get(tests, "complete", false) != true
	finding := {
		"rule": "merge.tests_partial",
		"reason": "Only part of the test suite ran.",
		"fix": "Run the whole suite.",
	}
}

deny contains finding if {
	merging
	not same_tree(scan)
	finding := {
		"rule": "merge.scan_tree",
		"reason": ["The security scan ran on the tree '", object.get(scan, "tree", "unknown"), "', but '", head_tree, "' is to be merged."],
		"fix": "Scan the tree that is to be merged.",
	}
}

deny contains finding if {
	merging
	not all_zero(scan, ["high"])
	finding := {
		"rule": "merge.scan_high",
		"reason": ["The security scan has findings of high severity (", object.get(scan, "high", "unknown"), ")."],
		"fix": "Fix the code that the findings name and scan again.",
	}
}

deny contains finding if {
	merging
	not all_zero(scan, ["skipped"])
	finding := {
		"rule": "merge.scan_skipped",
		"reason": ["The security scan could not read some files (", object.get(scan, "skipped", "unknown"), ")."],
		"fix": "Fix the syntax of these files and scan again.",
	}
}

deny contains finding if {
	merging
	some name, report in {"tests": tests, "security scan": scan, "linters": lint}
	not object.get(report, "action", "") in evidence
	finding := {
		"rule": "merge.uncited",
		"reason": ["The merge does not cite its ", name, " as evidence."],
		"fix": "Add the ids of the runs of the tests, the scan and the linters to the evidence.",
	}
}

deny contains finding if {
	merging
	not same_tree(lint)
	finding := {
		"rule": "merge.lint_tree",
		"reason": ["The linters ran on the tree '", object.get(lint, "tree", "unknown"), "', but '", head_tree, "' is to be merged."],
		"fix": "Run the linters on the tree that is to be merged.",
	}
}

deny contains finding if {
	merging
	not all_zero(lint, ["count"])
	finding := {
		"rule": "merge.lint_failed",
		"reason": ["The linters or the type checker object to the code (", object.get(lint, "count", "unknown"), ")."],
		"fix": "Fix the code until the repository's own linters and type checker accept it.",
	}
}

# An objection is resolved when the role that raised it answers again without it.
deny contains finding if {
	merging
	some what in fact_list("objections")
	finding := {
		"rule": "merge.objection",
		"reason": ["An objection is open. ", what],
		"fix": "Resolve the objection, and let the agent judge again.",
	}
}

ask contains finding if {
	merging
	some what in unchecked
	finding := {
		"rule": "lint.unchecked",
		"reason": ["The linters leave something to a person: ", what],
		"fix": "A person must look at it, or confirm that it does not matter.",
		"answerable": true,
	}
}

# Tests that pass on the code and on every change of it may not have run at all. Missing numbers count as such tests.
ask contains finding if {
	merging
	not mutants_noticed
	finding := {
		"rule": "mutants.unnoticed",
		"reason": ["The tests noticed none of the mutants of the changed lines (", object.get(mutants, "judged", "unknown"), ")."],
		"fix": "A person must check that the tests run, and check what the story asks for.",
		"answerable": true,
	}
}

mutants_noticed if {
	mutants.judged == 0
	mutants.noticed == 0
}

mutants_noticed if {
	is_number(mutants.judged)
	is_number(mutants.noticed)
	mutants.noticed > 0
	mutants.noticed <= mutants.judged
}

# A missing number counts as a finding.
ask contains finding if {
	merging
	not all_zero(scan, ["medium"])
	finding := {
		"rule": "scan.medium",
		"reason": ["The security scan has findings of medium severity (", object.get(scan, "medium", "unknown"), ")."],
		"fix": "Review them and decide whether they are acceptable.",
		"answerable": true,
	}
}
