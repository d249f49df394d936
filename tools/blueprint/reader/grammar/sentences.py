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
    """A definition of fields, such as "An order has a total (money)"."""

    subject: Noun
    fields: tuple[Field, ...]
    also: bool = False
    """Whether the sentence adds fields to an existing entity, as in "An order also has ..."."""


@dataclass(frozen=True)
class Belongs:
    """A relation stated for the child, such as "A line item belongs to an order"."""

    child: Noun
    parents: tuple[Noun, ...]


@dataclass(frozen=True)
class HasMany:
    """A relation stated for the parent, such as "An order has many line items"."""

    parent: Noun
    children: tuple[Noun, ...]


@dataclass(frozen=True)
class Offers:
    """The operations of an entity, such as "Orders can be created and read"."""

    subject: Noun
    participles: tuple[str, ...]


@dataclass(frozen=True)
class Finds:
    """Filters and sort keys, such as "Orders can be filtered by status and sorted by total"."""

    subject: Noun
    filters: tuple[Noun, ...]
    sorts: tuple[Noun, ...]


@dataclass(frozen=True)
class Starts:
    """An initial state, such as "An order starts as draft"."""

    subject: Noun
    state: str
    field: str = "status"


@dataclass(frozen=True)
class Move:
    """A change of state, such as "from draft to paid when it is paid"."""

    sources: tuple[str, ...]
    target: str
    event: Event


@dataclass(frozen=True)
class Goes:
    """The state changes of an entity, such as "An order goes from draft to paid when it is paid"."""

    subject: Noun
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class Requires:
    """The inputs of an action, such as "Paying an order requires a reference (text)"."""

    verb_phrases: tuple[VerbPhrase, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Status:
    """The status code of a rejection, such as "with 409", and the words around the number."""

    code: int
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guarded:
    """A guard, such as "Cancelling an order that is shipped is rejected with 409"."""

    verb_phrases: tuple[VerbPhrase, ...]
    status: Status
    situations: tuple[Situation, ...] = ()


@dataclass(frozen=True)
class Change:
    """A change to a field, such as "reduces its total by 10 percent"."""

    kind: Literal["set", "increase", "reduce"]
    target: Path
    amount: Operand
    percent: bool = False


@dataclass(frozen=True)
class Changes:
    """The effects of an operation, such as 'Cancelling an order sets its reason to "withdrawn"'."""

    verb_phrases: tuple[VerbPhrase, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Limited:
    """A limit on an action, such as "A discount code can be applied at most 3 times"."""

    event: Event
    times: int


@dataclass(frozen=True)
class Sums:
    """A sum such as "An order's total is the sum of its line items' quantity"; a count if there are no factors."""

    entity: Noun
    field: Noun
    children: Noun
    factors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Restricted:
    """An access rule, such as "Only an admin can delete discount codes"."""

    roles: tuple[Noun, ...]
    verb_phrases: tuple[VerbPhrase, ...] = ()
    subject: Noun | None = None
    """Set if `participles` replaces `verb_phrases`, as in "Discount codes can only be deleted by an admin"."""
    participles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fast:
    """A response time, such as "Listing orders answers within 200 ms at the 95th percentile"."""

    verb_phrase: VerbPhrase
    milliseconds: Decimal
    percentiles: tuple[Decimal, ...] = ()
    rates: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class Happening:
    """The event of an example, such as "it is cancelled" or "an order is created with a total of 5"."""

    event: Event
    conditions: tuple[Condition, ...] = ()
    times: int = 1
    changed: Operand | None = None
    """The new value of the field that is the event's subject, as in "its note is updated to x"."""


@dataclass(frozen=True)
class Rejected:
    """An expected rejection, such as "it is rejected with 409"."""

    status: Status


@dataclass(frozen=True)
class Valued:
    """An expected field value, such as "its total is 90"."""

    path: Path
    value: Operand


@dataclass(frozen=True)
class Became:
    """An expected success or state, such as "it is created" or "it is shipped"."""

    subject: Subject
    predicate: Is


@dataclass(frozen=True)
class Listed:
    """The number of resources that a list is expected to contain, such as "2 orders are listed"."""

    comparator: Comparator
    number: int
    words: str
    participle: str


Outcome: TypeAlias = Rejected | Valued | Became | Listed


@dataclass(frozen=True)
class Exemplified:
    """An example, such as "Given an order, when it is cancelled, then its status is cancelled"."""

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
