"""Detect changes that weaken the tests of a repository."""
