"""Helpers that select among the values of a grammar rule's parts and build the rule's own value from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from lark import Token

from tools.blueprint.reader.choices import Unclear

P = TypeVar("P")
Parts = list[Any]
"""The values of a rule's parts; the grammar determines which types can occur."""
Build = Callable[[Any, Parts], Any]
"""A builder method, which builds the value of one grammar rule."""

_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)

MOST = 1_000_000
"""The largest count that a sentence may contain."""


class Particle(str):
    """A particle or preposition, such as "in" in "checking in"."""


def constant(value: object) -> Build:
    """Return a builder method that always returns the value, ignoring the parts."""
    return lambda _builder, _parts: value


def construct(kind: Callable[..., object]) -> Build:
    """Return a builder method that instantiates the class with the parts as arguments."""
    return lambda _builder, parts: kind(*parts)


def as_tuple(_builder: object, parts: Parts) -> tuple[Any, ...]:
    """Return the parts as a tuple; usable as a builder method."""
    return tuple(parts)


def flattened(_builder: object, parts: Parts) -> tuple[Any, ...]:
    """Concatenate parts that are tuples; usable as a builder method."""
    return flat(parts)


def one(parts: Iterable[object], kind: type[P]) -> P:
    """Return the first part of the given type that is not a token."""
    return every(parts, kind)[0]


def every(parts: Iterable[object], kind: type[P]) -> list[P]:
    """Return all parts of the given type; tokens are included only if the type is Token."""
    return [
        each for each in parts if isinstance(each, kind) and (kind is Token or not isinstance(each, Token))
    ]


def plain(parts: Iterable[object]) -> list[str]:
    """Return the parts that are plain strings, excluding particles and tokens."""
    return [each for each in every(parts, str) if not isinstance(each, Particle)]


def flat(parts: Sequence[tuple[P, ...]]) -> tuple[P, ...]:
    """Concatenate the tuples into one."""
    return tuple(each for part in parts for each in part)


def number(token: str) -> Decimal:
    """Return the value of a NUMBER token, which consists of digits or is a word such as "three"."""
    return Decimal(_NUMBERS.index(token)) if token in _NUMBERS else Decimal(token.replace(",", ""))


def whole_number(token: str) -> int:
    """Return the value of a NUMBER token that is a count. Raises Unclear if it is not an integer from 0 to `MOST`."""
    value = number(token)
    if value != int(value) or not 0 <= value <= MOST:
        raise Unclear(f"{token[:20]} is a count, so it must be a whole number, at most {MOST:,}")
    return int(value)


def article(parts: Iterable[object]) -> str:
    """Return the article among the parts, or an empty string."""
    return next((str(each) for each in parts if isinstance(each, Token) and each.type == "ARTICLE"), "")
