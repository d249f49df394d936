"""Whether a change takes something away from the tests."""
