# The code agent must not change the tests that judge its code.
package crew

import rego.v1

deny contains finding if {
	role == "code"
	object.get(facts, "protected", false) == true
	finding := {
		"rule": "tests.protected",
		"reason": "The code agent may not change generated tests or tests that the testing agent wrote.",
		"fix": "Fix the code, or raise an objection in your answer.",
	}
}

# Whatever path was written: a test may have other names, such as links.
deny contains finding if {
	role == "code"
	some path in fact_list("altered_protected")
	finding := {
		"rule": "tests.protected_tree",
		"reason": ["The commit would change the test ", path, ", which was generated or which the testing agent wrote."],
		"fix": "Call run_command with any command, which restores these tests; then fix the code, or raise an objection in your answer.",
	}
}

# Only a person may accept that an existing test is removed or weakened.
ask contains finding if {
	merging
	some what in fact_list("altered_tests")
	finding := {
		"rule": "tests.altered",
		"reason": ["The change weakens existing tests: ", what],
		"fix": "A person must confirm that the story requires it.",
		"answerable": true,
	}
}

# A person decides whether a test that failed before the change matters to the story.
ask contains finding if {
	merging
	some name in object.get(tests, "failed_before", [])
	finding := {
		"rule": "tests.failed_before",
		"reason": ["The test ", name, " fails, as it did before the change."],
		"fix": "A person must confirm that it is unrelated to the story.",
		"answerable": true,
	}
}
