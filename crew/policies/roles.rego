# Who may call what, with which effect. The matrix is in data.json; what it does not name is not allowed.
package crew

import rego.v1

seat := object.get(data.settings.roles, role, {})

deny contains {
	"rule": "role.unknown",
	"reason": say(["There is no role called '", role, "'."]),
	"mend": "Let one of the roles in crew/policies/data.json make the call.",
} if {
	count(seat) == 0
}

deny contains {
	"rule": "tool.unknown",
	"reason": say(["There is no tool called '", tool, "'."]),
	"mend": "Call one of the tools in crew/policies/data.json.",
} if {
	count(kit) == 0
}

deny contains {
	"rule": "role.tool",
	"reason": say(["The role ", role, " may not call ", tool, "."]),
	"mend": "Leave it to a role that holds the tool.",
} if {
	count(seat) > 0
	count(kit) > 0
	not tool in object.get(seat, "tools", [])
}

deny contains {
	"rule": "role.effect",
	"reason": say(["The role ", role, " may not do anything with the effect '", effect, "'."]),
	"mend": "Leave it to a role that may.",
} if {
	count(seat) > 0
	not effect in object.get(seat, "effects", [])
}

deny contains {
	"rule": "tool.effect",
	"reason": say([tool, " is declared with the effect '", effect, "' but known to have '", kit.effect, "'."]),
	"mend": "Declare the tool's effect as crew/policies/data.json has it.",
} if {
	kit.effect != effect
}

deny contains {
	"rule": "effect.network",
	"reason": say([tool, " would reach the network."]),
	"mend": say(["Only ", concat(", ", data.settings.network_tools), " may; work with what is installed."]),
} if {
	"network" in {effect, object.get(kit, "effect", "")}
	not tool in data.settings.network_tools
}

deny contains {
	"rule": "effect.production",
	"reason": say([tool, " would change production, and the role ", role, " may not."]),
	"mend": say(["Leave it to ", concat(", ", data.settings.production_roles), "."]),
} if {
	"production" in {effect, object.get(kit, "effect", "")}
	not role in data.settings.production_roles
}
