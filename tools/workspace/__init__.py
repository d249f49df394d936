"""Text files of a workspace: reading, matching and walking them."""
