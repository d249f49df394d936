# Nothing is merged without passing tests and a security scan of that very tree.
package crew

import rego.v1

merging if object.get(kit, "merges", false)

head_tree := fact_text("head_tree")

tests := fact_object("tests")

scan := fact_object("scan")

deny contains {
	"rule": "merge.tests_tree",
	"reason": say(["The tests ran on the tree ", object.get(tests, "tree", "of nobody"), ", not on ", head_tree, ", which is to be merged."]),
	"mend": "Run the tests on the tree that is to be merged.",
} if {
	merging
	not same_tree(tests)
}

same_tree(report) if {
	head_tree != ""
	report.tree == head_tree
}

deny contains {
	"rule": "merge.tests_failed",
	"reason": say(["Tests failed (", object.get(tests, "failed", "unknown"), ") or broke down (", object.get(tests, "errors", "unknown"), ")."]),
	"mend": "Mend the code until every test passes.",
} if {
	merging
	not all_zero(tests, ["failed", "errors"])
}

all_zero(report, names) if {
	every name in names {
		report[name] == 0
	}
}

deny contains {
	"rule": "merge.tests_none",
	"reason": "Not one test passed.",
	"mend": "Write a test for every criterion and run them.",
} if {
	merging
	not some_passed
}

some_passed if {
	is_number(tests.passed)
	tests.passed > 0
}

deny contains {
	"rule": "merge.tests_partial",
	"reason": "Only some of the tests ran.",
	"mend": "Run the whole suite.",
} if {
	merging
	object.get(tests, "complete", false) != true
}

deny contains {
	"rule": "merge.scan_tree",
	"reason": say(["The security scan saw the tree ", object.get(scan, "tree", "of nobody"), ", not ", head_tree, ", which is to be merged."]),
	"mend": "Scan the tree that is to be merged.",
} if {
	merging
	not same_tree(scan)
}

deny contains {
	"rule": "merge.scan_high",
	"reason": say(["The security scan has grave findings (", object.get(scan, "high", "unknown"), ")."]),
	"mend": "Mend the code that the findings name and scan again.",
} if {
	merging
	not all_zero(scan, ["high"])
}

deny contains {
	"rule": "merge.scan_skipped",
	"reason": say(["The security scan could not read some files (", object.get(scan, "skipped", "unknown"), ")."]),
	"mend": "Mend the syntax of these files and scan again.",
} if {
	merging
	not all_zero(scan, ["skipped"])
}

deny contains {
	"rule": "merge.uncited",
	"reason": say(["The merge does not cite the run of its ", name, "."]),
	"mend": "Put the ids of the test run and of the scan into the evidence.",
} if {
	merging
	some name, report in {"tests": tests, "security scan": scan}
	not object.get(report, "action", "") in evidence
}

# A number that is not there counts as a finding.
ask contains {
	"rule": "scan.medium",
	"reason": say(["The security scan has findings of medium severity (", object.get(scan, "medium", "unknown"), ")."]),
	"mend": "Read them and say whether they may stay.",
	"answerable": true,
} if {
	merging
	not all_zero(scan, ["medium"])
}
