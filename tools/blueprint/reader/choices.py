"""Finding every reading of a sentence.

Code that interprets a sentence calls `Choices.pick` wherever the sentence leaves something open ("its total":
the order's or the code's?). `explore` runs it once for each combination of answers. No result means not covered,
one result is the reading, several are an ambiguity. Nothing is decided by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST_RUNS = 200


class Unclear(Exception):  # noqa: N818  describes the sentence, not an error
    """The sentence cannot be read in this way; the message tells its author why and how to fix it."""

    def __init__(self, why: str, readings: tuple[str, ...] = (), *, aside: bool = False) -> None:
        super().__init__(why)
        self.readings = readings
        """The meanings between which the author must decide; empty for no meaning."""
        self.aside = aside
        """Whether this reading was far-fetched, so that the reason of another one is more helpful."""


class Contradiction(Unclear):
    """The sentence conflicts with what is already specified, the first of its two readings."""


class Ambiguity(Unclear):
    """The sentence has a reading that no blueprint can express, beside one that it can."""


class Choices:
    """The answers given in one run."""

    def __init__(self, script: Sequence[int] = ()) -> None:
        self._script = script
        self.taken: list[tuple[int, int]] = []
        """For each open question so far, the index of the answer and the number of answers."""

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options; other runs get other options."""
        if len(options) == 1:
            return options[0]
        place = len(self.taken)
        index = self._script[place] if place < len(self._script) else 0
        self.taken.append((index, len(options)))
        return options[index]


def explore(resolve: Callable[[Choices], R]) -> tuple[list[R], list[Unclear]]:
    """Return the distinct results of all runs and the reasons of the failed ones, in order.

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
    raise Unclear("it has too many possible readings; use shorter sentences")


def _next(taken: list[tuple[int, int]]) -> list[int] | None:
    """Return the next script: the last answer with an alternative left is advanced."""
    while taken:
        index, total = taken.pop()
        if index + 1 < total:
            return [each for each, _ in taken] + [index + 1]
    return None
