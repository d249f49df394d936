"""Text files of a workspace: read, matched, walked."""
