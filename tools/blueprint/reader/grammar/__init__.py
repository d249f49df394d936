"""Parsing sentences before names are resolved: the grammar, and its rules as values."""
