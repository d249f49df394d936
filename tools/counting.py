"""Numbers of things in words."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: "1 file", "2 files"; `plural` where an s is not enough, or a verb follows."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
