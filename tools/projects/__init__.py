"""A service's repository: the kind of project (existing or generated), its requirements, and running its tests."""
