"""Parts of sentences before names are resolved: nouns, conditions, verb phrases, fields.

Words keep the author's letter case.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

Comparator = Literal["lt", "le", "gt", "ge", "eq", "ne", "before", "after", "until", "since"]


@dataclass(frozen=True)
class Term:
    """A number, a quoted text, a date or another word that is not a name."""

    kind: Literal["number", "quoted", "date", "other", "words"]
    text: str
    """A number without its thousands separators."""
    percent: bool = False
    grouped: bool = False
    """Whether the number had thousands separators, which between choices could also be commas."""


@dataclass(frozen=True)
class Noun:
    """A name with its article and leading adjectives: "an expired discount code"."""

    words: str
    article: str = ""
    given: bool = False
    """"the given amount": the value in the request, not the stored one."""


@dataclass(frozen=True)
class It:
    """ "it", "its"."""


@dataclass(frozen=True)
class Owned:
    """A field and its owner: "its total", "the code's percent", "its product's stock"."""

    owner: Noun | It
    field: Noun
    through: str = ""
    """"product" in "its product's stock"."""


Path: TypeAlias = Owned | Noun
Operand: TypeAlias = Term | Owned | Noun
Subject: TypeAlias = It | Noun | Owned


# --- Conditions


@dataclass(frozen=True)
class Measure:
    """ "over 100", "before its end date", "in the past" (before, and no operand)."""

    comparator: Comparator
    operand: Operand | None


@dataclass(frozen=True)
class Is:
    """ "is shipped", "is not paid", "is shipped or delivered"."""

    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Measured:
    """ "a total over 10000", "status shipped", "a total of 5"."""

    field: Noun
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Plain:
    """ "a missing note", "an expired passport", "a note", "status shipped", "line items"."""

    noun: Noun


@dataclass(frozen=True)
class Lacks:
    """ "no note", "without line items"."""

    words: str


@dataclass(frozen=True)
class Counted:
    """ "more than 3 line items", and the conditions on all of them."""

    comparator: Comparator
    number: int
    words: str
    having: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Whose:
    """ "whose total is over 100", "whose note is missing": about the resource itself, never the request."""

    words: str
    states: tuple[Measure | Is, ...]


Condition: TypeAlias = Is | Measured | Plain | Lacks | Counted | Whose


@dataclass(frozen=True)
class Situation:
    """A separate condition: "it is shipped", "the total is over 100"."""

    subject: Subject
    conditions: tuple[Condition | Measure, ...]


# --- Verb phrases


@dataclass(frozen=True)
class Thing:
    """A noun and the conditions attached to it."""

    noun: Noun
    conditions: tuple[Condition, ...] = ()
    number: int | None = None


@dataclass(frozen=True)
class Ending:
    """ "to an order"."""

    preposition: str
    thing: Thing | It


@dataclass(frozen=True)
class VerbPhrase:
    """ "applying a discount code to an order".

    Without a thing, the words may contain the verb and its noun ("deleting orders").
    """

    words: str
    particle: str = ""
    thing: Thing | None = None
    conditions: tuple[Condition, ...] = ()
    """Of the noun in `words`."""
    ending: Ending | None = None


@dataclass(frozen=True)
class Event:
    """ "it is paid", "a discount code is applied to it"."""

    subject: Subject | Thing
    participle: str
    ending: Ending | None = None


# --- Fields


@dataclass(frozen=True)
class Bounds:
    """ "1 to 90", "4 to 20 characters", "at least 1"; inclusive."""

    minimum: Decimal | None
    maximum: Decimal | None
    characters: bool


@dataclass(frozen=True)
class OneOf:
    """ "one of a, b or c"."""

    options: tuple[Term, ...]


@dataclass(frozen=True)
class Default:
    """ "default 0"."""

    value: Term


@dataclass(frozen=True)
class Matching:
    """ "matching /[A-Z]+/"."""

    pattern: str


@dataclass(frozen=True)
class Flag:
    """ "text", "unique", "optional"."""

    words: str


Detail: TypeAlias = Bounds | OneOf | Default | Matching | Flag


@dataclass(frozen=True)
class Field:
    """A field or an input; it has no details if the sentence does not give its type."""

    noun: Noun
    details: tuple[Detail, ...] = ()
