"""The `crew` commands, one module per group; crew/cli.py registers them."""
