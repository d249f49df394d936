# Who may call what, with which effect. The matrix is in data.json; what it does not name is not allowed.
package crew

import rego.v1

seat := object.get(data.settings.roles, role, {})

deny contains {
	"rule": "role.unknown",
	"reason": sprintf("There is no role called '%s'.", [role]),
	"mend": "Let one of the roles in crew/policies/data.json make the call.",
} if {
	count(seat) == 0
}

deny contains {
	"rule": "tool.unknown",
	"reason": sprintf("There is no tool called '%s'.", [tool]),
	"mend": "Call one of the tools in crew/policies/data.json.",
} if {
	count(kit) == 0
}

deny contains {
	"rule": "role.tool",
	"reason": sprintf("The role %s may not call %s.", [role, tool]),
	"mend": "Leave it to a role that holds the tool.",
} if {
	count(seat) > 0
	count(kit) > 0
	not tool in object.get(seat, "tools", [])
}

deny contains {
	"rule": "role.effect",
	"reason": sprintf("The role %s may not do anything with the effect '%s'.", [role, effect]),
	"mend": "Leave it to a role that may.",
} if {
	count(seat) > 0
	not effect in object.get(seat, "effects", [])
}

deny contains {
	"rule": "tool.effect",
	"reason": sprintf("%s is declared with the effect '%s' but known to have '%s'.", [tool, effect, kit.effect]),
	"mend": "Declare the tool's effect as crew/policies/data.json has it.",
} if {
	kit.effect != effect
}

deny contains {
	"rule": "effect.network",
	"reason": sprintf("%s would reach the network.", [tool]),
	"mend": sprintf("Only %s may; work with what is installed.", [concat(", ", data.settings.network_tools)]),
} if {
	"network" in {effect, object.get(kit, "effect", "")}
	not tool in data.settings.network_tools
}

deny contains {
	"rule": "effect.production",
	"reason": sprintf("%s would change production, and the role %s may not.", [tool, role]),
	"mend": sprintf("Leave it to %s.", [concat(", ", data.settings.production_roles)]),
} if {
	"production" in {effect, object.get(kit, "effect", "")}
	not role in data.settings.production_roles
}
