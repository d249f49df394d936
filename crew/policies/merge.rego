# A merge requires passing tests and a security scan of the tree that is merged.
package crew

import rego.v1

merging if object.get(kit, "merges", false)

head_tree := fact_text("head_tree")

tests := fact_object("tests")

scan := fact_object("scan")

mutants := fact_object("mutants")

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
	some name, report in {"tests": tests, "security scan": scan}
	not object.get(report, "action", "") in evidence
	finding := {
		"rule": "merge.uncited",
		"reason": ["The merge does not cite its ", name, " as evidence."],
		"fix": "Add the ids of the test run and of the scan to the evidence.",
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
