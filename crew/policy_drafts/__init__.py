"""A team's own policies, drafted from a regulation, checked deterministically and approved by a person."""
