# The parts of a call, each checked for its type, and the rules that refuse a malformed call.
package crew

import rego.v1

forms := {
	"delivery": "string",
	"role": "string",
	"tool": "string",
	"effect": "string",
	"arguments": "object",
	"rationale": "string",
	"evidence": "array",
	"facts": "object",
}

default role := ""

role := input.role if is_string(input.role)

default tool := ""

tool := input.tool if is_string(input.tool)

default effect := ""

effect := input.effect if is_string(input.effect)

default arguments := {}

arguments := input.arguments if is_object(input.arguments)

default rationale := ""

rationale := input.rationale if is_string(input.rationale)

default evidence := []

evidence := input.evidence if is_array(input.evidence)

default facts := {}

facts := input.facts if is_object(input.facts)

# The settings of the tool; empty for an unknown one.
kit := object.get(data.settings.tools, tool, {})

# A fact of the wrong type counts as missing.
fact_list(name) := list if {
	list := object.get(facts, name, [])
	is_array(list)
}

fact_list(name) := [] if not is_array(object.get(facts, name, []))

fact_object(name) := members if {
	members := object.get(facts, name, {})
	is_object(members)
}

fact_object(name) := {} if not is_object(object.get(facts, name, {}))

fact_text(name) := text if {
	text := object.get(facts, name, "")
	is_string(text)
}

fact_text(name) := "" if not is_string(object.get(facts, name, ""))

deny contains finding if {
	some part, form in forms
	type_name(object.get(input, part, null)) != form
	finding := {
		"rule": "call.form",
		"reason": ["The call has no valid ", part, "."],
		"fix": ["Give ", part, " as a JSON ", form, "."],
	}
}

deny contains finding if {
	some fact, form in object.get(kit, "facts", {})
	type_name(object.get(facts, fact, null)) != form
	finding := {
		"rule": "facts.missing",
		"reason": ["The fact ", fact, ", which ", tool, " is judged by, is missing."],
		"fix": ["The door must supply ", fact, " with the call."],
	}
}
