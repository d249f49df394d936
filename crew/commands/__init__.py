"""The `crew` commands, one module per group; crew/cli.py imports them when they are used."""
