"""Shipcrew turns a user story into a running, monitored service, and records a reason for every step."""
