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
