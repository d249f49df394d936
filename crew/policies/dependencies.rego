# What a service may newly depend on: the releases on the list, under licences that are allowed.
package crew

import rego.v1

default dependencies := {}

dependencies := fact_object("dependencies") if object.get(kit, "adds_dependencies", false)

# All at once: a service has many dependencies, and most are on the list.
default unlisted := {}

unlisted := object.remove(dependencies.added, data.listed) if count(dependencies.added) > 0

simple_licences := {each | some each in data.settings.licences}

name_of(release) := split(release, "==")[0]

deny contains finding if {
	object.get(kit, "adds_dependencies", false)
	some part, form in {"added": "object", "unpinned": "array", "licences": "object"}
	type_name(object.get(dependencies, part, null)) != form
	finding := {
		"rule": "dependency.facts",
		"reason": ["The fact about dependencies says nothing of '", part, "'."],
		"mend": ["Let the door find out dependencies.", part, " before it asks."],
	}
}

deny contains finding if {
	some licence, releases in object.get(dependencies, "licences", {})
	not is_array(releases)
	finding := {
		"rule": "dependency.facts",
		"reason": ["Nothing is known of the packages under the licence '", licence, "'."],
		"mend": "Let the door list them.",
	}
}

deny contains finding if {
	some line in object.get(dependencies, "unpinned", [])
	finding := {
		"rule": "dependency.unpinned",
		"reason": ["The requirement '", line, "' is not a release pinned with '=='."],
		"mend": "Pin one version of one package, from the index alone.",
	}
}

deny contains finding if {
	some release, _ in unlisted
	name := name_of(release)
	not data.releases[name]
	finding := {
		"rule": "dependency.unknown",
		"reason": ["The package ", name, " is not on the list of allowed ones."],
		"mend": "Do without it, or let a person add it to crew/policies/packages.json.",
	}
}

deny contains finding if {
	some release, _ in unlisted
	listed := data.releases[name_of(release)]
	not release in listed
	finding := {
		"rule": "dependency.version",
		"reason": ["The package ", name_of(release), " is allowed, but not as ", release, "."],
		"mend": ["Take ", listed, "."],
	}
}

# What the list says of its own packages.
deny contains finding if {
	object.get(kit, "adds_dependencies", false)
	count(dependencies.added) > 0
	some licence in object.keys(data.packages) - simple_licences
	not allowed_licence(licence)
	some release, _ in data.packages[licence]
	release in object.keys(dependencies.added)
	finding := refused_licence(release, licence)
}

# What the packages say of themselves.
deny contains finding if {
	some licence, releases in object.get(dependencies, "licences", {})
	not allowed_licence(licence)
	some release in releases
	finding := refused_licence(release, licence)
}

refused_licence(release, licence) := {
	"rule": "dependency.licence",
	"reason": [release, " comes under the licence '", licence, "', which is not an allowed one."],
	"mend": "Take another package, or let a person allow the licence in crew/policies/data.json.",
}

# SPDX expressions with parentheses must be on the list as a whole.
allowed_licence(licence) if licence in data.settings.licences

allowed_licence(licence) if {
	not contains(licence, "(")
	some choice in split(licence, " OR ")
	every part in split(choice, " AND ") {
		part in data.settings.licences
	}
}
