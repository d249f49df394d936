"""The blueprint: the typed domain model that a design produces, and everything derived from it alone."""
