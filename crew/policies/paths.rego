# Files: inside the workspace, by what the call says and by where it leads.
package crew

import rego.v1

# Texts of all arguments that name files, whichever way they come.
path_texts contains text if {
	some name, text in arguments
	name in data.settings.path_arguments
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

deny contains finding if {
	some text in path_names
	not text in resolved_texts
	finding := {
		"rule": "paths.unresolved",
		"reason": ["Nobody looked where the path '", text, "' leads."],
		"mend": "Let the door resolve every path of the call.",
	}
}

deny contains finding if {
	some text in path_names
	not plain(text)
	finding := {
		"rule": "paths.text",
		"reason": ["The path '", text, "' is not a plain path inside the workspace."],
		"mend": "Name files relative to the workspace, without '..'.",
	}
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

deny contains finding if {
	some path in fact_list("paths")
	target := object.get(path, "resolved", "")
	not inside(target)
	finding := {
		"rule": "paths.outside",
		"reason": ["The path '", object.get(path, "text", ""), "' leads to '", target, "', outside the workspace."],
		"mend": "Stay inside the workspace; mind symbolic links.",
	}
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

deny contains finding if {
	some text in path_names
	is_string(text)
	some part in split(lower(text), "/")
	part in data.settings.git_folders
	finding := {
		"rule": "paths.git",
		"reason": ["The path '", text, "' touches git's own files."],
		"mend": "Leave git to the tools for it.",
	}
}

deny contains finding if {
	some text in path_names
	is_string(text)
	some part in split(lower(text), "/")
	secret_file(part)
	finding := {
		"rule": "paths.secret_file",
		"reason": ["The path '", text, "' is a place for secrets."],
		"mend": "Leave it alone; the service gets its secrets from its environment.",
	}
}

secret_file(name) if name in data.settings.secret_files

secret_file(name) if {
	some ending in data.settings.secret_file_endings
	endswith(name, ending)
}
