"""Comparison, arithmetic and rounding of field values, as the story format defines them."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal

from tools.blueprint import value_formats
from tools.blueprint.model import Effect, FieldSpec, FieldType
from tools.blueprint.simulated_requests import Expression, Plain


def canonical(kind: FieldType, value: object) -> Plain:
    """Convert a test value or a literal of a blueprint to its representation in the reference model."""
    if isinstance(value, Expression):
        value = value.value
    if value is None or isinstance(value, bool):
        return value
    if kind == "integer":
        return int(str(value))
    if kind in ("number", "money"):
        return Decimal(str(value))
    if kind == "timestamp":
        moment = dt.datetime.fromisoformat(str(value)).astimezone(dt.UTC)
        return moment.isoformat().replace("+00:00", "Z")
    return value if isinstance(value, int | Decimal) else str(value)


def rounded(kind: FieldType, value: Decimal) -> Plain:
    """Round a result half to even, to the precision of its field type; the type `number` has no fixed precision."""
    if kind == "integer":
        return int(value.quantize(Decimal(1), ROUND_HALF_EVEN))
    return value.quantize(Decimal("0.01"), ROUND_HALF_EVEN) if kind == "money" else value


def keeps(spec: FieldSpec, value: Plain) -> bool:
    """Return whether the result of an effect satisfies the bounds, lengths and nullability of its field."""
    if value is None or isinstance(value, bool):
        return spec.nullable or value is not None
    if isinstance(value, str):
        longest = spec.max_length if spec.max_length is not None else value_formats.TEXT_LENGTH
        return spec.type != "text" or (spec.min_length or 0) <= len(value) <= longest
    low, high = bounds(spec)
    return (low is None or low <= value) and (high is None or value <= high)


def bounds(spec: FieldSpec) -> tuple[Decimal | None, Decimal | None]:
    """Return the smallest and the largest number that a field accepts; None means no bound."""
    low, high = spec.minimum, spec.maximum
    if spec.type == "money":
        low, high = (
            low if low is not None else -value_formats.MONEY_LIMIT,
            high if high is not None else value_formats.MONEY_LIMIT,
        )
    if spec.type == "integer":
        low = low if low is not None else Decimal(value_formats.INTEGER_MINIMUM)
        high = high if high is not None else Decimal(value_formats.INTEGER_MAXIMUM)
    return low, high


def affected(effect: Effect, spec: FieldSpec, value: Plain, amount: Plain) -> Plain:
    """Return the value after an effect; increasing or reducing null leaves it null."""
    if effect.kind == "set":
        return amount
    if not isinstance(value, int | Decimal) or not isinstance(amount, int | Decimal):
        return value
    change = Decimal(value) * Decimal(amount) / 100 if effect.percent else Decimal(amount)
    return rounded(spec.type, Decimal(value) + (change if effect.kind == "increase" else -change))


def ordered(op: str, left: object, right: object) -> bool:
    """Evaluate `left op right` for two values of the same type."""
    if op in ("eq", "ne"):
        return (left == right) is (op == "eq")
    low, high = (left, right) if op in ("lt", "le") else (right, left)
    return (op in ("le", "ge") and left == right) or _below(low, high)


def _below(low: object, high: object) -> bool:
    if isinstance(low, int | Decimal) and isinstance(high, int | Decimal):
        return low < high
    return isinstance(low, str) and isinstance(high, str) and low < high
