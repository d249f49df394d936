"""Enumeration of all readings of a sentence.

Code that interprets a sentence calls `Choices.pick` wherever the sentence leaves something open ("its total":
the order's or the code's?). `explore` runs that code once for each combination of options. If there is no result,
the sentence is not covered; one result is its reading; several make it ambiguous. All of this is deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST_RUNS = 200


class Unclear(Exception):  # noqa: N818  describes the sentence, not an error
    """Raised when a sentence cannot be interpreted; the message tells its author why and how to fix it."""

    def __init__(self, why: str, readings: tuple[str, ...] = (), *, aside: bool = False) -> None:
        super().__init__(why)
        self.readings = readings
        """The meanings that the author must choose between; empty if the sentence has none."""
        self.aside = aside
        """Whether the attempted reading was far-fetched, so that another error is likely to be more helpful."""


class Contradiction(Unclear):
    """Raised when a sentence conflicts with what is already specified; `readings` holds the old and new meaning."""


class Ambiguity(Unclear):
    """Raised when a sentence has a second possible reading that no blueprint can express."""


class Choices:
    """The options picked in one run."""

    def __init__(self, script: Sequence[int] = ()) -> None:
        self._script = script
        self.taken: list[tuple[int, int]] = []
        """For each choice made so far, the index of the picked option and the number of options."""

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options; the other options are returned in other runs."""
        if len(options) == 1:
            return options[0]
        place = len(self.taken)
        index = self._script[place] if place < len(self._script) else 0
        self.taken.append((index, len(options)))
        return options[index]


def explore(resolve: Callable[[Choices], R]) -> tuple[list[R], list[Unclear]]:
    """Call `resolve` once per combination of options; return the distinct results and the errors, in order.

    Raises Unclear if there are too many combinations.
    """
    results: list[R] = []
    reasons: list[Unclear] = []
    script: list[int] = []
    for _ in range(MOST_RUNS):
        choices = Choices(script)
        try:
            result = resolve(choices)
        except Unclear as reason:
            reasons.append(reason)
        else:
            if result not in results:
                results.append(result)
        following = _next(choices.taken)
        if following is None:
            return results, reasons
        script = following
    raise Unclear(f"it has more than {MOST_RUNS:,} possible readings; use shorter sentences")


def _next(taken: list[tuple[int, int]]) -> list[int] | None:
    """Return the options for the next run, advancing the last choice that has options left, or None at the end."""
    while taken:
        index, total = taken.pop()
        if index + 1 < total:
            return [each for each, _ in taken] + [index + 1]
    return None
