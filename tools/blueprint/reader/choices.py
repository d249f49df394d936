"""Reading a sentence in every way it can be read.

Code that makes sense of a sentence asks `Choices.pick` wherever the sentence leaves something open ("its
total": the order's or the code's?). `explore` runs it once for each combination of answers. What comes of it
decides: no result is not covered, one is the reading, several are an ambiguity. Nothing is settled by luck.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST_RUNS = 200


class Unclear(Exception):  # noqa: N818  names what the sentence is
    """The sentence cannot be taken like this; says why in words for its author, and what would mend it."""

    def __init__(self, why: str, *, aside: bool = False) -> None:
        super().__init__(why)
        self.aside = aside
        """Whether this way of reading it was far-fetched, so that another one's reason tells more."""


class Contradiction(Unclear):
    """The sentence says other than what already holds."""

    def __init__(self, why: str, readings: tuple[str, str]) -> None:
        super().__init__(why)
        self.readings = readings
        """What holds, and what the sentence says."""


class Ambiguity(Unclear):
    """The sentence has a reading that no blueprint can say, beside one that it can."""

    def __init__(self, why: str, readings: tuple[str, str]) -> None:
        super().__init__(why)
        self.readings = readings


class Choices:
    """The answers of one run."""

    def __init__(self, script: Sequence[int] = ()) -> None:
        self._script = script
        self.taken: list[tuple[int, int]] = []
        """Of each open question so far: the answer's index and how many answers there are."""

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options; another run gets another one."""
        if len(options) == 1:
            return options[0]
        place = len(self.taken)
        index = self._script[place] if place < len(self._script) else 0
        self.taken.append((index, len(options)))
        return options[index]


def explore(resolve: Callable[[Choices], R]) -> tuple[list[R], list[Unclear]]:
    """Return the different results of all runs and the reasons of those that failed, in order.

    Raises Unclear when there are too many ways to go through.
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
    raise Unclear("it can be read in too many ways; say it in shorter sentences")


def _next(taken: list[tuple[int, int]]) -> list[int] | None:
    """Count up the last answer that has another one left."""
    while taken:
        index, total = taken.pop()
        if index + 1 < total:
            return [each for each, _ in taken] + [index + 1]
    return None
