"""The test suite of a generated FastAPI service."""
