# Nothing is merged without passing tests and a security scan of that very tree.
package crew

import rego.v1

merging if object.get(kit, "merges", false)

head_tree := fact_text("head_tree")

tests := fact_object("tests")

scan := fact_object("scan")

deny contains finding if {
	merging
	not same_tree(tests)
	finding := {
		"rule": "merge.tests_tree",
		"reason": ["The tests ran on the tree '", object.get(tests, "tree", "unknown"), "', and '", head_tree, "' is to be merged."],
		"mend": "Run the tests on the tree that is to be merged.",
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
		"reason": ["Tests failed (", object.get(tests, "failed", "unknown"), ") or broke down (", object.get(tests, "errors", "unknown"), ")."],
		"mend": "Mend the code until every test passes.",
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
		"reason": "Not one test passed.",
		"mend": "Write a test for every criterion and run them.",
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
		"reason": "Only some of the tests ran.",
		"mend": "Run the whole suite.",
	}
}

deny contains finding if {
	merging
	not same_tree(scan)
	finding := {
		"rule": "merge.scan_tree",
		"reason": ["The security scan saw the tree '", object.get(scan, "tree", "unknown"), "', and '", head_tree, "' is to be merged."],
		"mend": "Scan the tree that is to be merged.",
	}
}

deny contains finding if {
	merging
	not all_zero(scan, ["high"])
	finding := {
		"rule": "merge.scan_high",
		"reason": ["The security scan has grave findings (", object.get(scan, "high", "unknown"), ")."],
		"mend": "Mend the code that the findings name and scan again.",
	}
}

deny contains finding if {
	merging
	not all_zero(scan, ["skipped"])
	finding := {
		"rule": "merge.scan_skipped",
		"reason": ["The security scan could not read some files (", object.get(scan, "skipped", "unknown"), ")."],
		"mend": "Mend the syntax of these files and scan again.",
	}
}

deny contains finding if {
	merging
	some name, report in {"tests": tests, "security scan": scan}
	not object.get(report, "action", "") in evidence
	finding := {
		"rule": "merge.uncited",
		"reason": ["The merge does not cite the run of its ", name, "."],
		"mend": "Put the ids of the test run and of the scan into the evidence.",
	}
}

# A number that is not there counts as a finding.
ask contains finding if {
	merging
	not all_zero(scan, ["medium"])
	finding := {
		"rule": "scan.medium",
		"reason": ["The security scan has findings of medium severity (", object.get(scan, "medium", "unknown"), ")."],
		"mend": "Read them and say whether they may stay.",
		"answerable": true,
	}
}
