"""Reading, matching and walking the text files of a workspace."""
