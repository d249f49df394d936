"""Environments that projects run in, and what this machine offers for them."""
