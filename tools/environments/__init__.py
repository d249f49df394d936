"""Installed environments of projects, and checks of this machine."""
