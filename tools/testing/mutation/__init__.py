"""Mutation testing: make mutants of the changed lines, and run the tests against them."""
