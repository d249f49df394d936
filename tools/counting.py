"""Formatting of counts for messages."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, such as "1 file" or "2 files"; `plural` replaces the noun plus "s"."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
