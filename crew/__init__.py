"""Shipcrew: takes a user story to a running, watched service, with a reason for every step."""
