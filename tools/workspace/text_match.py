"""Finds the occurrences of a text in a file, or the lines most similar to it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

_MOST_PLACES = 20
_MOST_LINES = 4_000
"""Maximum number of lines of a file that are compared."""
_LONGEST_LINE = 200
_CLOSE = 0.6


@dataclass(frozen=True)
class Misfit:
    """The reason why a text cannot be replaced, and the lines that resemble it."""

    reason: str
    closest: tuple[tuple[int, str], ...] = ()
    """Line numbers, counted from 1, with the text of each line."""


def line_numbers(content: str, old: str) -> list[int]:
    """Return the number of the line, counted from 1, at which each occurrence of a text begins."""
    found: list[int] = []
    start = content.find(old)
    while start >= 0:
        found.append(content.count("\n", 0, start) + 1)
        start = content.find(old, start + len(old))
    return found


def ambiguous(lines: list[int]) -> Misfit:
    """Return the misfit for a text that occurs more than once."""
    shown = ", ".join(str(each) for each in lines[:_MOST_PLACES])
    more = " and more" if len(lines) > _MOST_PLACES else ""
    return Misfit(
        f"occurs {len(lines)} times, at lines {shown}{more}; include more of the surrounding lines."
    )


def absent(content: str, old: str) -> Misfit:
    """Return the misfit for a text that does not occur, with the most similar lines."""
    lines = content.splitlines()
    alike = _but_for_space(lines, old)
    if alike is not None:
        first, last = alike
        shown = tuple((number, lines[number - 1]) for number in range(first, last + 1))[:_MOST_PLACES]
        return Misfit(f"differs only in white space from lines {first} to {last}; copy those exactly.", shown)
    wanted = max((line.strip() for line in old.splitlines()[:20]), key=len, default="")[:_LONGEST_LINE]
    known: dict[str, int] = {}
    for number, line in enumerate(lines[:_MOST_LINES], start=1):
        known.setdefault(line.strip()[:_LONGEST_LINE], number)
    close = difflib.get_close_matches(wanted, list(known), n=3, cutoff=_CLOSE) if wanted else []
    if not close:
        return Misfit("does not occur, nor does anything like it; read the file again.")
    found = tuple(sorted((known[each], lines[known[each] - 1][:_LONGEST_LINE]) for each in close))
    shown_lines = ", ".join(str(number) for number, _ in found)
    return Misfit(f"does not occur; the closest lines are {shown_lines}. Read them and copy exactly.", found)


def _but_for_space(lines: list[str], old: str) -> tuple[int, int] | None:
    """Return the first range of lines that matches the text, ignoring whitespace and blank lines, or None."""
    words = [(number, line.split()) for number, line in enumerate(lines, start=1) if line.strip()]
    wanted = [line.split() for line in old.splitlines() if line.strip()]
    if not wanted:
        return None
    for start in range(len(words) - len(wanted) + 1):
        window = words[start : start + len(wanted)]
        if [each for _, each in window] == wanted:
            return window[0][0], window[-1][0]
    return None
