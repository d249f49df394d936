"""Reading JSON that somebody else wrote: what is not in the expected form counts as absent."""

from __future__ import annotations

from pydantic import JsonValue


def texts(value: JsonValue) -> list[str]:
    """Return the members of a list as texts; [] for what is no list."""
    return [str(each) for each in value] if isinstance(value, list) else []


def records(value: JsonValue) -> list[dict[str, JsonValue]]:
    """Return the objects of a list; [] for what is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
