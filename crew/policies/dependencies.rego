# What a service may depend on. Only what is new, or newly of another version, is judged.
package crew

import rego.v1

new_requirements contains requirement if {
	object.get(kit, "adds_dependencies", false)
	some requirement in fact_list("dependencies")
	object.get(requirement, "new", true) != false
}

deny contains {
	"rule": "dependency.unpinned",
	"reason": say(["The requirement '", object.get(requirement, "line", ""), "' is not a release pinned with '=='."]),
	"mend": "Pin one version of one package, from the index alone.",
} if {
	some requirement in new_requirements
	object.get(requirement, "pinned", false) != true
}

deny contains {
	"rule": "dependency.unknown",
	"reason": say(["The package ", name, " is not on the list of allowed ones."]),
	"mend": "Do without it, or let a person add it to crew/policies/data.json.",
} if {
	some requirement in new_requirements
	requirement.pinned == true
	name := object.get(requirement, "name", "")
	not name in object.keys(data.settings.packages)
}

deny contains {
	"rule": "dependency.version",
	"reason": say([name, " is allowed, but not as version ", version, "."]),
	"mend": say(["Take ", concat(" or ", versions), "."]),
} if {
	some requirement in new_requirements
	requirement.pinned == true
	name := object.get(requirement, "name", "")
	versions := data.settings.packages[name].versions
	version := object.get(requirement, "version", "")
	not version in versions
}

deny contains {
	"rule": "dependency.licence",
	"reason": say([name, " comes under the licence '", licence, "', which is not on the list of allowed ones."]),
	"mend": "Take a package under an allowed licence, or let a person add it to crew/policies/data.json.",
} if {
	some requirement in new_requirements
	requirement.pinned == true
	name := object.get(requirement, "name", "")
	licence := licence_of(requirement, name)
	not licence_allowed(licence)
}

# What its own metadata says; where that says nothing, what the list says.
licence_of(requirement, _) := requirement.licence if object.get(requirement, "licence", "") != ""

licence_of(requirement, name) := object.get(data.settings.packages, [name, "licence"], "") if {
	object.get(requirement, "licence", "") == ""
}

# SPDX expressions with parentheses must be on the list as a whole.
licence_allowed(licence) if licence in data.settings.licences

licence_allowed(licence) if {
	not contains(licence, "(")
	some choice in split(licence, " OR ")
	every part in split(choice, " AND ") {
		part in data.settings.licences
	}
}
