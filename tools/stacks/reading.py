"""Reading of stories for a given stack; criteria that none of its generated tests can check are not covered."""

from __future__ import annotations

from collections.abc import Sequence

from tools.blueprint.model import Blueprint
from tools.blueprint.reader import Reading, read
from tools.stacks.registry import stack_named

_EXAMPLE = "it conflicts with other sentences, which never lead to this result; change one of them"
_RULE = (
    "it conflicts with other sentences: no sequence of requests can show what it says, so it cannot be tested; "
    "change one of them"
)


def read_testable(criteria: Sequence[tuple[str, str]], before: Blueprint) -> Reading:
    """Read the criteria of one story, given as (id, text) pairs; the blueprint contains only those with tests.

    Of sentences that contradict each other, the latest is refused.
    """
    reading, untestable = _read(criteria, before)
    if not untestable:
        return reading
    first = next(each for each, _ in criteria if each in untestable)
    refused = next(
        each
        for each, _ in reversed(criteria)
        if each == first or first not in _read(_without(each, criteria), before)[1]
    )
    why = _EXAMPLE if any(each.criterion == refused for each in reading.blueprint.examples) else _RULE
    rest = read_testable(_without(refused, criteria), before)
    others = {each.id: each for each in rest.criteria}
    return Reading(
        blueprint=rest.blueprint,
        criteria=tuple(
            others.get(each.id) or each.model_copy(update={"outcome": "not_covered", "why": why})
            for each in reading.criteria
        ),
    )


def _read(criteria: Sequence[tuple[str, str]], before: Blueprint) -> tuple[Reading, frozenset[str]]:
    """Return what is read, and the ids of the covered criteria without a test."""
    reading = read(criteria, before)
    covered = [each.id for each in reading.criteria if each.outcome == "covered"]
    return reading, stack_named(before.stack).untestable(reading.blueprint, covered)


def _without(name: str, criteria: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [each for each in criteria if each[0] != name]
