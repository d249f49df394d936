"""Policies of a team: drafted from a regulation, checked by rules, approved by a person."""
