"""The blueprint: the typed domain model that a design settles on, and everything derived from it alone."""
