# Files: inside the workspace, by what the call says and by where it leads.
package crew

import rego.v1

# Texts of all arguments that name files, whichever way they come.
path_texts contains text if {
	some name in data.settings.path_arguments
	text := arguments[name]
}

path_texts contains text if {
	some path in fact_list("paths")
	text := object.get(path, "text", null)
}

# Several files in one argument.
path_lists contains list if {
	some list in path_texts
	is_array(list)
}

path_names contains text if {
	some text in path_texts
	not is_array(text)
}

path_names contains text if {
	some list in path_lists
	some text in list
}

resolved_texts contains text if {
	some path in fact_list("paths")
	is_string(object.get(path, "resolved", null))
	text := path.text
}

workspace := fact_text("workspace")

deny contains {
	"rule": "paths.unresolved",
	"reason": say(["Nobody looked where the path ", text, " leads."]),
	"mend": "Let the door resolve every path of the call.",
} if {
	some text in path_names
	not text in resolved_texts
}

deny contains {
	"rule": "paths.text",
	"reason": say(["The path ", text, " is not a plain path inside the workspace."]),
	"mend": "Name files relative to the workspace, without '..'.",
} if {
	some text in path_names
	not plain(text)
}

plain(text) if {
	is_string(text)
	text != ""
	count(text) <= data.settings.longest_path
	not startswith(text, "/")
	not startswith(text, "~")
	not regex.match(`^[A-Za-z]:`, text)
	not ".." in split(text, "/")
	not odd(text)
}

odd(text) if {
	some character in data.settings.odd_characters
	contains(text, character)
}

deny contains {
	"rule": "paths.outside",
	"reason": say(["The path ", object.get(path, "text", ""), " leads to ", target, ", outside the workspace."]),
	"mend": "Stay inside the workspace; mind symbolic links.",
} if {
	some path in fact_list("paths")
	target := object.get(path, "resolved", "")
	not inside(target)
}

inside(target) if {
	startswith(workspace, "/")
	target == workspace
}

inside(target) if {
	startswith(workspace, "/")
	startswith(target, concat("", [workspace, "/"]))
	not ".." in split(target, "/")
}

deny contains {
	"rule": "paths.git",
	"reason": say(["The path ", text, " touches git's own files."]),
	"mend": "Leave git to the tools for it.",
} if {
	some text in path_names
	is_string(text)
	some part in split(lower(text), "/")
	part in data.settings.git_folders
}

deny contains {
	"rule": "paths.secret_file",
	"reason": say(["The path ", text, " is a place for secrets."]),
	"mend": "Leave it alone; the service gets its secrets from its environment.",
} if {
	some text in path_names
	is_string(text)
	some part in split(lower(text), "/")
	secret_file(part)
}

secret_file(name) if name in data.settings.secret_files

secret_file(name) if {
	some ending in data.settings.secret_file_endings
	endswith(name, ending)
}
