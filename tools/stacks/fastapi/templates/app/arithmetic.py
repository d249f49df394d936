"""Sums and percentages that lose no digit; what is kept is rounded once, half to even."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal

# Enough for products of several doubles: no step in between is ever rounded.
_EXACT = Context(prec=4000, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_HALF_EVEN)
_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)

Exact = Decimal | int


def product(factors: Iterable[Exact]) -> Decimal:
    """Return the factors multiplied."""
    result = Decimal(1)
    for factor in factors:
        result = _EXACT.multiply(result, factor)
    return result


def add(left: Exact, right: Exact) -> Decimal:
    """Return the sum."""
    return _EXACT.add(left, right)


def subtract(left: Exact, right: Exact) -> Decimal:
    """Return the difference."""
    return _EXACT.subtract(left, right)


def add_percent(value: Exact, percent: Exact) -> Decimal:
    """Return the value with so many percent of it more."""
    return _EXACT.multiply(_EXACT.multiply(value, _EXACT.add(_HUNDRED, percent)), _CENT)


def subtract_percent(value: Exact, percent: Exact) -> Decimal:
    """Return the value with so many percent of it less."""
    return _EXACT.multiply(_EXACT.multiply(value, _EXACT.subtract(_HUNDRED, percent)), _CENT)


def money(value: Exact) -> Decimal:
    """Round to cents."""
    return _EXACT.quantize(Decimal(value), _CENT)


def integer(value: Exact) -> int:
    """Round to a whole number."""
    return int(_EXACT.to_integral_value(Decimal(value)))


def number(value: Exact) -> Decimal:
    """Round to the nearest double, or the last one on that side."""
    nearest = float(value)
    if math.isinf(nearest):
        nearest = math.copysign(sys.float_info.max, nearest)
    return Decimal(repr(nearest))
