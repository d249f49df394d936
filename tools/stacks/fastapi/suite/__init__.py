"""Generates the test suite of a FastAPI service."""
