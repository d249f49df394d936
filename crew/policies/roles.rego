# Which role may call which tool, with which effect. data.json lists them; everything else is denied.
package crew

import rego.v1

seat := object.get(data.settings.roles, role, {})

deny contains finding if {
	count(seat) == 0
	finding := {
		"rule": "role.unknown",
		"reason": ["Unknown role '", role, "'."],
		"fix": "Use one of the roles in crew/policies/data.json.",
	}
}

deny contains finding if {
	count(kit) == 0
	finding := {
		"rule": "tool.unknown",
		"reason": ["Unknown tool '", tool, "'."],
		"fix": "Use one of the tools in crew/policies/data.json.",
	}
}

deny contains finding if {
	count(seat) > 0
	count(kit) > 0
	not tool in object.get(seat, "tools", [])
	finding := {
		"rule": "role.tool",
		"reason": ["The role ", role, " may not call ", tool, "."],
		"fix": "Leave it to a role that has this tool.",
	}
}

deny contains finding if {
	count(seat) > 0
	not effect in object.get(seat, "effects", [])
	finding := {
		"rule": "role.effect",
		"reason": ["The role ", role, " may not call tools with the effect '", effect, "'."],
		"fix": "Leave it to a role that may.",
	}
}

deny contains finding if {
	kit.effect != effect
	finding := {
		"rule": "tool.effect",
		"reason": [tool, " was called with the effect '", effect, "', but its declared effect is '", kit.effect, "'."],
		"fix": "Use the effect that crew/policies/data.json declares.",
	}
}

deny contains finding if {
	"network" in {effect, object.get(kit, "effect", "")}
	not tool in data.settings.network_tools
	finding := {
		"rule": "effect.network",
		"reason": [tool, " would reach the network."],
		"fix": ["Only ", data.settings.network_tools, " may; use what is installed."],
	}
}

deny contains finding if {
	"production" in {effect, object.get(kit, "effect", "")}
	not role in data.settings.production_roles
	finding := {
		"rule": "effect.production",
		"reason": [tool, " would change production, and the role ", role, " may not."],
		"fix": ["Leave it to ", data.settings.production_roles, "."],
	}
}

# Only merged versions have been tested, scanned and approved.
deny contains finding if {
	object.get(kit, "starts", false)
	facts.merged == false
	finding := {
		"rule": "production.unmerged",
		"reason": ["The version ", object.get(arguments, "version", "(not given)"), " is not on the main branch."],
		"fix": "Merge it first.",
	}
}
