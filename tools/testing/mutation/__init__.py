"""Mutants: made from the changed lines, run against the tests."""
