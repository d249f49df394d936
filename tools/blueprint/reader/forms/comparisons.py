"""Interpretation of comparisons of a field with a value, another field or today's date."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import TypeAlias, get_args

from tools.blueprint.model import Compare, Comparison, Expired, FieldSpec, Missing, Test
from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.forms import lookup
from tools.blueprint.reader.forms.operands import Fields, Found, check_percent
from tools.blueprint.reader.forms.operations import Participant
from tools.blueprint.reader.forms.values import NUMERIC, TEMPORAL, value_of
from tools.blueprint.reader.grammar.phrases import Comparator, Condition, Is, Measure, Noun

Alternatives: TypeAlias = tuple[tuple[Test, ...], ...]
"""Alternative groups of tests, at least one of which must hold; a group holds if all of its tests do."""

MOST_ALTERNATIVES = 24
NUMBERS: dict[Comparator, Comparison] = {each: each for each in get_args(Comparison)}
_TIMES: dict[Comparator, Comparison] = {"before": "lt", "until": "le", "after": "gt", "since": "ge"}


def all_of(parts: Sequence[Alternatives]) -> Alternatives:
    """Return the alternatives in which all of the conditions hold. Raises Unclear if there are too many."""
    if prod(map(len, parts)) > MOST_ALTERNATIVES:
        raise Unclear(
            f"its conditions joined by 'or' have more than {MOST_ALTERNATIVES} combinations; split them into several "
            "sentences"
        )
    return tuple(tuple(test for tests in combination for test in tests) for combination in product(*parts))


def check_negation(said: Is) -> None:
    """Raise Unclear for predicates such as "not paid or shipped", where "not" may apply to one or both."""
    if said.negated and len(said.values) > 1:
        raise Unclear(
            "'not' before several values is ambiguous; repeat 'and is not' for each, or use 'neither'"
        )


def field_tests(
    fields: Fields, found: Found, said: Measure | Is | Condition, participant: Participant | None = None
) -> Alternatives:
    """Return the tests of a field for a predicate such as "is over 100", "is missing" or "is shipped"."""
    if isinstance(said, Measure):
        return measured(fields, found, said, participant)
    if not isinstance(said, Is):
        raise Unclear(f"'{found.spec.name}' is a field and has no properties of its own")
    check_negation(said)
    return tuple((_being(fields, found, words, negated=said.negated),) for words in said.values)


def measured(fields: Fields, found: Found, measure: Measure, participant: Participant | None) -> Alternatives:
    """Return the test of a field for a measure such as "over 100", "before its end date" or "in the past"."""
    spec, operand = found.spec, measure.operand
    if operand is None or (isinstance(operand, Noun) and operand.words.lower() == "today"):
        return ((_against_today(found, measure),),)
    op = _comparison(spec, measure.comparator)
    check_percent(operand, spec)
    _check_status(fields, found)
    right, other = fields.right(operand, spec, participant)
    if other is not None:
        _check_comparable(spec, other)
    return ((Compare(left=found.ref, op=op, right=right),),)


def _being(fields: Fields, found: Found, words: str, *, negated: bool) -> Test:
    if words.lower() == "missing":
        return Missing(field=found.ref, negated=negated)
    if words.lower() == "expired" and found.spec.type in TEMPORAL:
        return Expired(field=found.ref, negated=negated)
    _check_status(fields, found)
    right = value_of(found.spec, Noun(words))
    return Compare(left=found.ref, op="ne" if negated else "eq", right=right)


def _check_status(fields: Fields, found: Found) -> None:
    """Raise Unclear for a condition on the state of a resource that is being created."""
    entity = fields.scope.entity(fields.resolved.entity)
    ruled = entity.initial_state is not None and found.spec.name == lookup.STATUS
    if ruled and fields.resolved.operation == "create" and found.ref.subject == "self":
        raise Unclear(f"a new {entity.name} always starts as {entity.initial_state}")


def _comparison(spec: FieldSpec, comparator: Comparator) -> Comparison:
    times = spec.type in TEMPORAL
    if comparator in _TIMES:
        if not times:
            raise Unclear(f"'{spec.name}' is not a date, so it cannot be before or after something")
        return _TIMES[comparator]
    if comparator not in ("eq", "ne") and spec.type not in NUMERIC and not times:
        raise Unclear(f"'{spec.name}' is not a number, so it cannot be over or under a value")
    if comparator in ("gt", "lt") and times:
        raise Unclear(f"'{spec.name}' is a date; use 'before' or 'after'")
    return NUMBERS[comparator]


def _against_today(found: Found, measure: Measure) -> Test:
    spec = found.spec
    if spec.type not in TEMPORAL or measure.comparator != "before":
        raise Unclear(
            f"only dates can be compared with today, and only as 'before today'; check '{spec.name}'"
        )
    if measure.operand is None and spec.type == "timestamp":
        raise Unclear(f"'{spec.name}' has a time of day; write 'before today'")
    return Expired(field=found.ref)


def _check_comparable(left: FieldSpec, right: FieldSpec) -> None:
    numbers = left.type in NUMERIC and right.type in NUMERIC
    if not numbers and left.type != right.type:
        raise Unclear(
            f"'{left.name}' is {left.type} and '{right.name}' is {right.type}; they cannot be compared"
        )
