# New dependencies of a service must be listed releases with allowed licences.
package crew

import rego.v1

default dependencies := {}

dependencies := fact_object("dependencies") if object.get(kit, "adds_dependencies", false)

# Computed once for all: a service has many dependencies, and most are listed.
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
		"reason": ["The fact about dependencies lacks '", part, "'."],
		"fix": ["The door must supply dependencies.", part, " with the call."],
	}
}

deny contains finding if {
	some licence, releases in object.get(dependencies, "licences", {})
	not is_array(releases)
	finding := {
		"rule": "dependency.facts",
		"reason": ["The packages under the licence '", licence, "' are not listed."],
		"fix": "The door must list them.",
	}
}

deny contains finding if {
	some line in object.get(dependencies, "unpinned", [])
	finding := {
		"rule": "dependency.unpinned",
		"reason": ["The requirement '", line, "' is not a release pinned with '=='."],
		"fix": "Pin one version of one package from the package index.",
	}
}

deny contains finding if {
	some release, _ in unlisted
	name := name_of(release)
	not data.releases[name]
	finding := {
		"rule": "dependency.unknown",
		"reason": ["The package ", name, " is not on the allow-list."],
		"fix": "Remove it, or have a person add it to crew/policies/packages.json.",
	}
}

deny contains finding if {
	some release, _ in unlisted
	listed := data.releases[name_of(release)]
	not release in listed
	finding := {
		"rule": "dependency.version",
		"reason": ["The package ", name_of(release), " is allowed, but not the release ", release, "."],
		"fix": ["Use ", listed, "."],
	}
}

# Licences of listed packages, as the list states them.
deny contains finding if {
	object.get(kit, "adds_dependencies", false)
	count(dependencies.added) > 0
	some licence in (object.keys(data.packages) - simple_licences)
	not allowed_licence(licence)
	some release, _ in data.packages[licence]
	release in object.keys(dependencies.added)
	finding := refused_licence(release, licence)
}

# Licences of other packages, as their metadata states them.
deny contains finding if {
	some licence, releases in object.get(dependencies, "licences", {})
	not allowed_licence(licence)
	some release in releases
	finding := refused_licence(release, licence)
}

refused_licence(release, licence) := {
	"rule": "dependency.licence",
	"reason": [release, " has the licence '", licence, "', which is not allowed."],
	"fix": "Use another package, or have a person allow the licence in crew/policies/data.json.",
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
