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
