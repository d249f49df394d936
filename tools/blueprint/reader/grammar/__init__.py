"""Parsing sentences before names are resolved: the grammar, and the classes that represent its rules."""
