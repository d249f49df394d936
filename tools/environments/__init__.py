"""Environments that projects run in, and checks of this machine."""
