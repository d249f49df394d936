"""Settings from crew.toml and the command line."""
