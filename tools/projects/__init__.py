"""The repository of a service: what kind of project it is, what it requires, how its own tests run."""
