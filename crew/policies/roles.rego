# Who may call what, with which effect. The matrix is in data.json; what it does not name is not allowed.
package crew

import rego.v1

seat := object.get(data.settings.roles, role, {})

deny contains finding if {
	count(seat) == 0
	finding := {
		"rule": "role.unknown",
		"reason": ["There is no role called '", role, "'."],
		"mend": "Let one of the roles in crew/policies/data.json make the call.",
	}
}

deny contains finding if {
	count(kit) == 0
	finding := {
		"rule": "tool.unknown",
		"reason": ["There is no tool called '", tool, "'."],
		"mend": "Call one of the tools in crew/policies/data.json.",
	}
}

deny contains finding if {
	count(seat) > 0
	count(kit) > 0
	not tool in object.get(seat, "tools", [])
	finding := {
		"rule": "role.tool",
		"reason": ["The role ", role, " may not call ", tool, "."],
		"mend": "Leave it to a role that holds the tool.",
	}
}

deny contains finding if {
	count(seat) > 0
	not effect in object.get(seat, "effects", [])
	finding := {
		"rule": "role.effect",
		"reason": ["The role ", role, " may not do anything with the effect '", effect, "'."],
		"mend": "Leave it to a role that may.",
	}
}

deny contains finding if {
	kit.effect != effect
	finding := {
		"rule": "tool.effect",
		"reason": [tool, " is declared with the effect '", effect, "' but known to have '", kit.effect, "'."],
		"mend": "Declare the tool's effect as crew/policies/data.json has it.",
	}
}

deny contains finding if {
	"network" in {effect, object.get(kit, "effect", "")}
	not tool in data.settings.network_tools
	finding := {
		"rule": "effect.network",
		"reason": [tool, " would reach the network."],
		"mend": ["Only ", data.settings.network_tools, " may; work with what is installed."],
	}
}

deny contains finding if {
	"production" in {effect, object.get(kit, "effect", "")}
	not role in data.settings.production_roles
	finding := {
		"rule": "effect.production",
		"reason": [tool, " would change production, and the role ", role, " may not."],
		"mend": ["Leave it to ", data.settings.production_roles, "."],
	}
}

# What was not merged was not tested, scanned and approved either.
deny contains finding if {
	object.get(kit, "starts", false)
	facts.merged == false
	finding := {
		"rule": "production.unmerged",
		"reason": ["The version ", object.get(arguments, "version", "of nobody"), " is not on the main branch."],
		"mend": "Let it be merged first.",
	}
}
