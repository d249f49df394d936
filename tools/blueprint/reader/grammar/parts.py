"""The values of a rule's parts: picking among them, and building the value of the rule from them."""

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
"""A builder's method for one rule."""

_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)

MOST = 1_000_000
"""Largest count in a sentence."""


class Particle(str):
    """ "in" of "checking in"."""


def constant(value: object) -> Build:
    """Build the same value whatever the parts are."""
    return lambda _builder, _parts: value


def construct(kind: Callable[..., object]) -> Build:
    """Build an instance of the class, with one argument per part."""
    return lambda _builder, parts: kind(*parts)


def as_tuple(_builder: object, parts: Parts) -> tuple[Any, ...]:
    """Build a tuple of the parts."""
    return tuple(parts)


def flattened(_builder: object, parts: Parts) -> tuple[Any, ...]:
    """Build one tuple from parts that are tuples."""
    return flat(parts)


def one(parts: Iterable[object], kind: type[P]) -> P:
    """Return the first part of that type that is not a token."""
    return every(parts, kind)[0]


def every(parts: Iterable[object], kind: type[P]) -> list[P]:
    """Return the parts of that type; tokens only if the type is Token."""
    return [
        each for each in parts if isinstance(each, kind) and (kind is Token or not isinstance(each, Token))
    ]


def plain(parts: Iterable[object]) -> list[str]:
    """Return the runs of words among the parts."""
    return [each for each in every(parts, str) if not isinstance(each, Particle)]


def flat(parts: Sequence[tuple[P, ...]]) -> tuple[P, ...]:
    """Put tuples together."""
    return tuple(each for part in parts for each in part)


def number(token: str) -> Decimal:
    """Return the value of a NUMBER, in digits or as a word."""
    return Decimal(_NUMBERS.index(token)) if token in _NUMBERS else Decimal(token.replace(",", ""))


def whole_number(token: str) -> int:
    """Return the value of a NUMBER that counts something."""
    value = number(token)
    if value != int(value) or not 0 <= value <= MOST:
        raise Unclear(f"{token[:20]} is a count, so it must be a whole number, at most {MOST:,}")
    return int(value)


def article(parts: Iterable[object]) -> str:
    """Return the article among the parts, or nothing."""
    return next((str(each) for each in parts if isinstance(each, Token) and each.type == "ARTICLE"), "")
