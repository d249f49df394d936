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
    """Read the criteria of one story, given as (id, text) pairs; the blueprint contains only those with tests."""
    reading = read(criteria, before)
    covered = [each.id for each in reading.criteria if each.outcome == "covered"]
    untestable = stack_named(before.stack).untestable(reading.blueprint, covered)
    if not untestable:
        return reading
    examples = {each.criterion for each in reading.blueprint.examples}
    rest = read_testable([each for each in criteria if each[0] not in untestable], before)
    others = {each.id: each for each in rest.criteria}
    return Reading(
        blueprint=rest.blueprint,
        criteria=tuple(
            others.get(each.id)
            or each.model_copy(
                update={"outcome": "not_covered", "why": _EXAMPLE if each.id in examples else _RULE}
            )
            for each in reading.criteria
        ),
    )
