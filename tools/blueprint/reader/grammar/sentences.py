"""The sentence forms of a story, before names are resolved."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from tools.blueprint.reader.grammar.phrases import (
    Comparator,
    Condition,
    Event,
    Field,
    Is,
    Noun,
    Operand,
    Path,
    Situation,
    Subject,
    Thing,
    VerbPhrase,
)


@dataclass(frozen=True)
class Has:
    """ "An order has a total (money)."."""

    subject: Noun
    fields: tuple[Field, ...]
    also: bool = False
    """Whether it refers to an existing entity."""


@dataclass(frozen=True)
class Belongs:
    """ "A line item belongs to an order."."""

    child: Noun
    parents: tuple[Noun, ...]


@dataclass(frozen=True)
class HasMany:
    """ "An order has many line items."."""

    parent: Noun
    children: tuple[Noun, ...]


@dataclass(frozen=True)
class Offers:
    """ "Orders can be created and read."."""

    subject: Noun
    participles: tuple[str, ...]


@dataclass(frozen=True)
class Finds:
    """ "Orders can be filtered by status and sorted by total."."""

    subject: Noun
    filters: tuple[Noun, ...]
    sorts: tuple[Noun, ...]


@dataclass(frozen=True)
class Starts:
    """ "An order starts as draft."."""

    subject: Noun
    state: str
    field: str = "status"


@dataclass(frozen=True)
class Move:
    """ "from draft to paid when it is paid"."""

    sources: tuple[str, ...]
    target: str
    event: Event


@dataclass(frozen=True)
class Goes:
    """ "An order goes from draft to paid when it is paid."."""

    subject: Noun
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class Requires:
    """ "Paying an order requires a reference (text)."."""

    verb_phrases: tuple[VerbPhrase, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Status:
    """ "with 409", and the words around the number."""

    code: int
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guarded:
    """ "Cancelling an order that is shipped is rejected with 409."."""

    verb_phrases: tuple[VerbPhrase, ...]
    status: Status
    situations: tuple[Situation, ...] = ()


@dataclass(frozen=True)
class Change:
    """ "reduces its total by 10 percent"."""

    kind: Literal["set", "increase", "reduce"]
    target: Path
    amount: Operand
    percent: bool = False


@dataclass(frozen=True)
class Changes:
    """ "Cancelling an order sets its reason to "withdrawn"."."""

    verb_phrases: tuple[VerbPhrase, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Limited:
    """ "A discount code can be applied at most 3 times."."""

    event: Event
    times: int


@dataclass(frozen=True)
class Sums:
    """ "An order's total is the sum of its line items' quantity times price."; no factors is a count."""

    entity: Noun
    field: Noun
    children: Noun
    factors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Restricted:
    """ "Only an admin can delete discount codes."."""

    roles: tuple[Noun, ...]
    verb_phrases: tuple[VerbPhrase, ...] = ()
    subject: Noun | None = None
    """With participles instead of verb_phrases: "Discount codes can only be deleted by an admin."."""
    participles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fast:
    """ "Listing orders answers within 200 ms at the 95th percentile."."""

    verb_phrase: VerbPhrase
    milliseconds: Decimal
    percentiles: tuple[Decimal, ...] = ()
    rates: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class Happening:
    """ "it is cancelled", "an order is created with a total of 5", "its note is updated to x"."""

    event: Event
    conditions: tuple[Condition, ...] = ()
    times: int = 1
    changed: Operand | None = None
    """New value of the event's subject, a field."""


@dataclass(frozen=True)
class Rejected:
    """ "it is rejected with 409"."""

    status: Status


@dataclass(frozen=True)
class Valued:
    """ "its total is 90"."""

    path: Path
    value: Operand


@dataclass(frozen=True)
class Became:
    """ "it is created", "it is shipped"."""

    subject: Subject
    predicate: Is


@dataclass(frozen=True)
class Listed:
    """ "2 orders are listed"."""

    comparator: Comparator
    number: int
    words: str
    participle: str


Outcome: TypeAlias = Rejected | Valued | Became | Listed


@dataclass(frozen=True)
class Exemplified:
    """ "Given an order, when it is cancelled, then its status is cancelled."."""

    given: tuple[Thing, ...]
    happening: Happening
    outcomes: tuple[Outcome, ...]


Sentence: TypeAlias = (
    Has
    | Belongs
    | HasMany
    | Offers
    | Finds
    | Starts
    | Goes
    | Requires
    | Guarded
    | Changes
    | Limited
    | Sums
    | Restricted
    | Fast
    | Exemplified
)
