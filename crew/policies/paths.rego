# Files must be inside the workspace, both as the call names them and once resolved.
package crew

import rego.v1

# The paths in all arguments that name files.
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
		"reason": ["The path '", text, "' was not resolved."],
		"fix": "The door must resolve every path of the call.",
	}
}

deny contains finding if {
	some text in path_names
	not plain(text)
	finding := {
		"rule": "paths.text",
		"reason": ["The path '", text, "' is not a plain path inside the workspace."],
		"fix": "Give paths relative to the workspace, without '..'.",
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
		"fix": "Stay inside the workspace; check symbolic links.",
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
		"fix": "Use the git tools instead.",
	}
}

deny contains finding if {
	some text in path_names
	is_string(text)
	some part in split(lower(text), "/")
	secret_file(part)
	finding := {
		"rule": "paths.secret_file",
		"reason": ["The path '", text, "' is reserved for secrets."],
		"fix": "Leave it unchanged; the service reads its secrets from its environment.",
	}
}

secret_file(name) if name in data.settings.secret_files

secret_file(name) if {
	some ending in data.settings.secret_file_endings
	endswith(name, ending)
}
