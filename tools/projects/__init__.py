"""A service's repository: whether it is an existing or a generated project, what it requires, how its tests run."""
