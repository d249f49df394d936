"""The typed domain model of a service.

A blueprint is the one thing that a design agent decides and the only input of the contract and of the stacks.
It is committed as `blueprint.yaml` in the service's repository, so a fresh clone can take the next story.

Names (of entities, fields, verbs) are kept as the story wrote them: lower-case words in the singular,
separated by single spaces ("discount code", "expiry date", "check in"). `tools.blueprint.names` derives every
other spelling from that. Everything is immutable and JSON-serialisable (`model_dump(mode="json")`).

`criterion` on an element is the id of the acceptance criterion that asked for it ("CHK-1.2"); "" means that it
is implied by the format.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

FieldType = Literal[
    "text",
    "integer",
    "number",
    "money",
    "boolean",
    "date",
    "timestamp",
    "email",
    "url",
    "uuid",
    "choice",
]
Crud = Literal["create", "list", "read", "update", "delete"]
CRUD: tuple[Crud, ...] = ("create", "list", "read", "update", "delete")

Operation = str
"""A `Crud` name, or the name of one of the entity's actions ("cancel", "apply discount code") or custom operations."""

Value = bool | int | str
"""A literal. Numbers with decimals and money are decimal strings ("9.99"), dates and timestamps ISO 8601
strings; everything else is what JSON makes of it. Read it together with the type of the field it belongs to."""

Comparison = Literal["eq", "ne", "lt", "le", "gt", "ge"]
Subject = Literal["self", "object", "input", "reference"]


class Element(BaseModel):
    """What all parts of a blueprint share: they are frozen and know no other keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Computed(Element):
    """A read-only value: over the children of a resource, the count of them or the sum of a product."""

    kind: Literal["sum", "count"]
    child: str
    """Entity whose resources are counted or summed."""
    reference: str
    """Name of the child's reference that points back."""
    factors: tuple[str, ...] = ()
    """Fields of the child that are multiplied, one or more; empty for `count`. A child with a null factor
    adds nothing. The sum is exact and rounded once."""
    criterion: str = ""


class FieldSpec(Element):
    """One field of an entity, or one input of an action."""

    name: str
    type: FieldType
    choices: tuple[str, ...] = ()
    """Allowed values of a `choice`; empty for every other type."""
    minimum: Decimal | None = None
    """Inclusive, for integer, number and money; None means no bound."""
    maximum: Decimal | None = None
    min_length: int | None = None
    """Characters, inclusive; None means 1 for a required text and 0 for an optional one."""
    max_length: int | None = None
    """Characters, inclusive; None means 10,000."""
    pattern: str | None = None
    """Regular expression that must match the whole value."""
    unique: bool = False
    optional: bool = False
    default: Value | None = None
    """What a body without the field gets; None means that there is no default."""
    added_later: bool = False
    """Required from then on, but resources from before show null until it is set."""
    computed: Computed | None = None
    criterion: str = ""

    @property
    def required(self) -> bool:
        """Whether a create body must carry it."""
        return not self.optional and self.default is None and self.computed is None

    @property
    def nullable(self) -> bool:
        """Whether a stored resource may hold null in it."""
        return self.optional or self.added_later


class Reference(Element):
    """A link from an entity to the one it belongs to; deleting a parent with children is 409."""

    name: str
    """The words before "Id" in the API: `order` gives `orderId`. The target's name unless the story says else."""
    target: str
    added_later: bool = False
    criterion: str = ""


class OperationSpec(Element):
    """One of the five plain operations that an entity offers; the ones left out answer 405."""

    name: Crud
    criterion: str = ""


class Filter(Element):
    """An equality query parameter of the list operation. References can always be filtered by, unlisted."""

    field: str
    criterion: str = ""


class Sort(Element):
    """A key of the `sort` query parameter of the list operation."""

    field: str
    criterion: str = ""


class FieldRef(Element):
    """A field, seen from an operation.

    `self` is the resource acted on (for create and update: as it would be afterwards), `object` the resource
    that the action's body names, `input` an input of the action, `reference` the resource that `self` points to
    through the reference called `via`.
    """

    subject: Subject = "self"
    via: str = ""
    """Name of the reference, for subject `reference` only."""
    field: str
    """Field name; "status" is the state of an entity with states."""


class Compare(Element):
    """`left op right`. A null operand makes `ne` true and every other comparison false."""

    kind: Literal["compare"] = "compare"
    left: FieldRef
    op: Comparison
    right: Value | FieldRef


class Missing(Element):
    """The field is null (`negated`: is not null)."""

    kind: Literal["missing"] = "missing"
    field: FieldRef
    negated: bool = False


class Expired(Element):
    """The date is strictly before today (UTC), the timestamp strictly before the start of today. Null is not."""

    kind: Literal["expired"] = "expired"
    field: FieldRef
    negated: bool = False


class ChildCount(Element):
    """The number of children that point at the subject, compared with a number."""

    kind: Literal["child_count"] = "child_count"
    subject: Subject = "self"
    via: str = ""
    child: str
    reference: str
    op: Comparison
    number: int


Test = Annotated[Compare | Missing | Expired | ChildCount, Field(discriminator="kind")]


class Guard(Element):
    """An operation is rejected with `status` when all of the tests hold."""

    operation: Operation
    tests: tuple[Test, ...]
    status: int
    """HTTP status, 400 to 499."""
    criterion: str = ""


class Effect(Element):
    """What an operation changes besides its states. Of a computed field it is kept as an adjustment."""

    operation: Operation
    kind: Literal["set", "increase", "reduce"]
    target: FieldRef
    amount: Value | FieldRef
    """The value to set, or how much to change by."""
    percent: bool = False
    """Whether `amount` is a percentage of the target's value; the result is rounded half to even."""
    criterion: str = ""


class Limit(Element):
    """How often an action can succeed for one resource; then 409. Checked after all guards."""

    operation: Operation
    per: Literal["self", "object"]
    """Whose count it is: the resource acted on, or the one the body names."""
    times: int
    criterion: str = ""


class Transition(Element):
    """An action that moves the status; from any state that no transition of the action names it is 409."""

    operation: Operation
    source: str
    """State value, kebab-case."""
    target: str
    criterion: str = ""


class Action(Element):
    """`POST /{entities}/{id}/{action}`."""

    verb: str
    """Base form: "cancel", "check in"."""
    object: str | None = None
    """Entity that the body names: "apply" with "discount code" is `apply-discount-code`."""
    inputs: tuple[FieldSpec, ...] = ()
    """Further members of the body; stored when the entity has a field of that name."""
    criterion: str = ""

    @property
    def name(self) -> str:
        """Words of the action: verb and object."""
        return f"{self.verb} {self.object}" if self.object else self.verb


class Access(Element):
    """Only these roles may call the operation; any one of them is enough."""

    operation: Operation
    roles: tuple[str, ...]
    criterion: str = ""


class CustomOperation(Element):
    """An operation on one resource that no sentence form can say: its code is written by hand, once.

    A query is `GET /{entities}/{id}/{name}` with its inputs as query parameters and changes nothing. A command is
    `POST` with its inputs as the JSON body, and may change the database in one transaction.
    """

    name: str
    """Words: "amortisation schedule"."""
    entity: str
    """The entity whose resource it is about, which holds it."""
    kind: Literal["query", "command"]
    inputs: tuple[FieldSpec, ...] = ()
    returns: tuple[FieldSpec, ...] = ()
    """Members of the answer."""
    items: tuple[FieldSpec, ...] = ()
    """Members of each record in the answer's `items`; empty means that the answer has no `items`."""
    roles: tuple[str, ...] = ()
    """Who may call it; empty means everybody."""
    does: str
    """What it does, for whoever writes it."""
    criterion: str


class Entity(Element):
    """A kind of resource."""

    name: str
    fields: tuple[FieldSpec, ...] = ()
    references: tuple[Reference, ...] = ()
    operations: tuple[OperationSpec, ...] = tuple(OperationSpec(name=name) for name in CRUD)
    filters: tuple[Filter, ...] = ()
    sorts: tuple[Sort, ...] = ()
    initial_state: str | None = None
    """Value of `status` on creation; None means that the entity has no states."""
    initial_state_criterion: str = ""
    transitions: tuple[Transition, ...] = ()
    actions: tuple[Action, ...] = ()
    guards: tuple[Guard, ...] = ()
    """In the order the story wrote them, which is the order they are checked in."""
    effects: tuple[Effect, ...] = ()
    limits: tuple[Limit, ...] = ()
    access: tuple[Access, ...] = ()
    custom: tuple[CustomOperation, ...] = ()

    def field(self, name: str) -> FieldSpec | None:
        """Return the field of that name, or None."""
        return next((each for each in self.fields if each.name == name), None)

    def reference(self, name: str) -> Reference | None:
        """Return the reference of that name, or None."""
        return next((each for each in self.references if each.name == name), None)

    def action(self, name: str) -> Action | None:
        """Return the action of that name ("apply discount code"), or None."""
        return next((each for each in self.actions if each.name == name), None)

    def custom_operation(self, name: str) -> CustomOperation | None:
        """Return the custom operation of that name, or None."""
        return next((each for each in self.custom if each.name == name), None)

    def offers(self, name: Crud) -> bool:
        """Whether it has that plain operation."""
        return any(each.name == name for each in self.operations)

    @property
    def states(self) -> tuple[str, ...]:
        """All state values, initial one first, then in the order of the transitions."""
        if self.initial_state is None:
            return ()
        named = [self.initial_state]
        for each in self.transitions:
            named += [each.source, each.target]
        return tuple(dict.fromkeys(named))


class Given(Element):
    """Part of an example's setting: `count` resources of an entity that hold these values."""

    entity: str
    values: dict[str, Value | None] = {}
    """Field or input name to value; "status" is reached through actions where states rule it. None is null."""
    count: int = 1
    children_of: str = ""
    """Entity given before, whose first resource these belong to; "" lets references point at what was given."""


class When(Element):
    """The one thing an example does."""

    operation: Operation
    entity: str
    object: str | None = None
    """Entity given before that the action's body names."""
    values: dict[str, Value | None] = {}
    """Body of a create or update, inputs of an action, or query of a list."""
    times: int = 1
    """How often in a row; `Then` speaks of the last time."""


class Then(Element):
    """What an example expects."""

    kind: Literal["rejected", "accepted", "created", "value", "listed"]
    status: int | None = None
    """HTTP status of a rejection."""
    entity: str = ""
    """Whose value, or what is listed."""
    field: str = ""
    value: Value | None = None
    """Expected value of the field; None is null."""
    count: int = 0
    """How many are listed."""


class Example(Element):
    """An acceptance test, run as written."""

    given: tuple[Given, ...] = ()
    when: When
    then: tuple[Then, ...]
    criterion: str


class Speed(Element):
    """A latency objective under load."""

    entity: str
    operation: Operation
    latency_ms: int
    percentile: Decimal
    """95 is the 95th percentile."""
    requests_per_second: int | None = None
    """None means that the story names no rate."""
    criterion: str = ""


class Slo(Element):
    """Service level objectives of the whole service."""

    availability: Decimal | None = None
    """Percent of requests that are not 5xx."""
    latency_p95_ms: int | None = None


class Criterion(Element):
    """An acceptance criterion that the blueprint covers; what it asked for carries its id."""

    id: str
    """Story id, a dot, and its place in the story, from 1."""
    text: str
    same_as: tuple[str, ...] = ()
    """Criteria of which it only says again what they asked for; their tests are its tests."""
    wording: tuple[str, ...] = ()
    """The sentences of the forms that it was read by, where its text is in none of them."""


class Blueprint(Element):
    """A whole service."""

    version: Literal[1] = 1
    service: str
    stack: Literal["fastapi", "go_grpc"] = "fastapi"
    slo: Slo = Slo()
    entities: tuple[Entity, ...] = ()
    examples: tuple[Example, ...] = ()
    speeds: tuple[Speed, ...] = ()
    criteria: tuple[Criterion, ...] = ()

    def entity(self, name: str) -> Entity | None:
        """Return the entity of that name, or None."""
        return next((each for each in self.entities if each.name == name), None)

    @property
    def restricted(self) -> bool:
        """Whether any operation asks for a role."""
        return bool(self.roles)

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role that any operation asks for, in order of their first mention."""
        asked = [each.roles for entity in self.entities for each in entity.access]
        asked += [each.roles for entity in self.entities for each in entity.custom]
        return tuple(dict.fromkeys(role for roles in asked for role in roles))
