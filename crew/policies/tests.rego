# Tests that hold the code to account are not the code agent's to change.
package crew

import rego.v1

deny contains finding if {
	role == "code"
	object.get(facts, "protected", false) == true
	finding := {
		"rule": "tests.protected",
		"reason": "A generated test, or one that the testing agent wrote, is not the code agent's to change.",
		"mend": "Mend the code, or object in your answer.",
	}
}

# A person may see why a test had to go; the agents' word for it is not enough.
ask contains finding if {
	merging
	some what in fact_list("altered_tests")
	finding := {
		"rule": "tests.altered",
		"reason": ["The change takes away from existing tests: ", what],
		"mend": "A person must say that the story wants it so.",
		"answerable": true,
	}
}

# Whoever knows the repository can say whether a test that was broken before has to do with the story.
ask contains finding if {
	merging
	some name in object.get(tests, "failed_before", [])
	finding := {
		"rule": "tests.failed_before",
		"reason": ["The test ", name, " fails, as it did before the change."],
		"mend": "A person must say that it has nothing to do with the story.",
		"answerable": true,
	}
}
