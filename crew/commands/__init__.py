"""The commands of `crew`, one module for each family; crew/cli.py registers them."""
