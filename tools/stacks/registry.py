"""Looks up the available stacks by name."""

from __future__ import annotations

from tools.stacks import Stack


def stack_named(name: str) -> Stack:
    """Return the stack with this name. Raises KeyError if there is none."""
    from tools.stacks.fastapi import FastAPIStack  # noqa: PLC0415  templates and a formatter, 0.3 s

    return {"fastapi": FastAPIStack()}[name]
