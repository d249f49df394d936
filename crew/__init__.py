"""Shipcrew takes a user story to a running, monitored service, with a recorded reason for every step."""
