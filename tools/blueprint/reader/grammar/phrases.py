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
    """The text of the term; numbers are without thousands separators."""
    percent: bool = False
    grouped: bool = False
    """Whether the number had thousands separators; in a list of choices, these commas may separate numbers instead."""


@dataclass(frozen=True)
class Noun:
    """A name with its article and leading adjectives: "an expired discount code"."""

    words: str
    article: str = ""
    given: bool = False
    """Whether the noun refers to the value in the request, not to the stored one, as in "the given amount"."""


@dataclass(frozen=True)
class It:
    """The pronoun "it" or "its"."""


@dataclass(frozen=True)
class Owned:
    """A field and its owner, such as "its total", "the code's percent" or "its product's stock"."""

    owner: Noun | It
    field: Noun
    through: str = ""
    """The reference that leads to the field's owner, such as "product" in "its product's stock"."""


Path: TypeAlias = Owned | Noun
Operand: TypeAlias = Term | Owned | Noun
Subject: TypeAlias = It | Noun | Owned


# --- Conditions


@dataclass(frozen=True)
class Measure:
    """A comparison such as "over 100" or "before its end date"; "in the past" becomes "before" without an operand."""

    comparator: Comparator
    operand: Operand | None


@dataclass(frozen=True)
class Is:
    """A predicate such as "is shipped", "is not paid" or "is shipped or delivered"."""

    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Measured:
    """A field with comparisons, such as "a total over 10000", "status shipped" or "a total of 5"."""

    field: Noun
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Plain:
    """A noun without a comparison, such as "a missing note", "a note", "status shipped" or "line items"."""

    noun: Noun


@dataclass(frozen=True)
class Lacks:
    """An absence, such as "no note" or "without line items"."""

    words: str


@dataclass(frozen=True)
class Counted:
    """A count such as "more than 3 line items", and the conditions on all of the counted items."""

    comparator: Comparator
    number: int
    words: str
    having: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Whose:
    """A clause such as "whose total is over 100", which always refers to the stored resource, never to the request."""

    words: str
    states: tuple[Measure | Is, ...]


Condition: TypeAlias = Is | Measured | Plain | Lacks | Counted | Whose


@dataclass(frozen=True)
class Situation:
    """A condition in a separate clause, such as "it is shipped" or "the total is over 100"."""

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
    """A preposition and its noun at the end of a verb phrase, such as "to an order"."""

    preposition: str
    thing: Thing | It


@dataclass(frozen=True)
class VerbPhrase:
    """A verb phrase such as "applying a discount code to an order".

    If `thing` is None, `words` may contain both the verb and its noun ("deleting orders").
    """

    words: str
    particle: str = ""
    thing: Thing | None = None
    conditions: tuple[Condition, ...] = ()
    """Conditions on the noun in `words`."""
    ending: Ending | None = None


@dataclass(frozen=True)
class Event:
    """An event such as "it is paid" or "a discount code is applied to it"."""

    subject: Subject | Thing
    participle: str
    ending: Ending | None = None


# --- Fields


@dataclass(frozen=True)
class Bounds:
    """Inclusive bounds, such as "1 to 90", "4 to 20 characters" or "at least 1"."""

    minimum: Decimal | None
    maximum: Decimal | None
    characters: bool


@dataclass(frozen=True)
class OneOf:
    """The choices of a field, such as "one of a, b or c"."""

    options: tuple[Term, ...]


@dataclass(frozen=True)
class Default:
    """A default value, such as "default 0"."""

    value: Term


@dataclass(frozen=True)
class Matching:
    """A regular expression for the values, such as "matching /[A-Z]+/"."""

    pattern: str


@dataclass(frozen=True)
class Flag:
    """The type of a field or a keyword such as "unique" or "optional"."""

    words: str


Detail: TypeAlias = Bounds | OneOf | Default | Matching | Flag


@dataclass(frozen=True)
class Field:
    """A field or an input; `details` is empty if the sentence does not state its type."""

    noun: Noun
    details: tuple[Detail, ...] = ()
