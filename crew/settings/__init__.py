"""Read, validate and document the settings from crew.toml and the command line."""
