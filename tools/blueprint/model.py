"""The typed domain model of a service.

A blueprint is the only thing that a design agent decides, and the only input of the contract and the stacks.
It is committed as `blueprint.yaml` in the service's repository, so the next story can be delivered from a fresh clone.

Names (of entities, fields, verbs) are kept as written in the story: lower-case words in the singular,
separated by single spaces ("discount code", "expiry date", "check in"). `tools.blueprint.names` derives every
other spelling. Everything is immutable and JSON-serialisable (`model_dump(mode="json")`).

`criterion` on an element is the id of the acceptance criterion that requires it ("CHK-1.2"); "" means that
the format implies it.
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
"""A literal, to be interpreted by the type of the field that it belongs to.

Numbers with decimals and money are decimal strings ("9.99"), dates and timestamps are ISO 8601 strings, and everything
else is plain JSON.
"""

Comparison = Literal["eq", "ne", "lt", "le", "gt", "ge"]
Subject = Literal["self", "object", "input", "reference"]


class Element(BaseModel):
    """Base class of all parts of a blueprint; they are immutable and reject unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Computed(Element):
    """A read-only value derived from a resource's children: their count, or the sum of a product."""

    kind: Literal["sum", "count"]
    child: str
    """Entity whose resources are counted or summed."""
    reference: str
    """Name of the child's reference that points back to the resource."""
    factors: tuple[str, ...] = ()
    """Fields of the child to multiply, one or more; empty for `count`.

    A child with a null factor adds nothing. The sum is exact and rounded once.
    """
    criterion: str = ""


class FieldSpec(Element):
    """One field of an entity, or one input of an action."""

    name: str
    type: FieldType
    choices: tuple[str, ...] = ()
    """Allowed values of a `choice`; empty for every other type."""
    minimum: Decimal | None = None
    """Inclusive lower bound of an integer, number or money value; None means no bound."""
    maximum: Decimal | None = None
    min_length: int | None = None
    """Minimum number of characters; None means 1 for a required text and 0 for an optional one."""
    max_length: int | None = None
    """Maximum number of characters; None means 10,000."""
    pattern: str | None = None
    """Regular expression that must match the whole value."""
    unique: bool = False
    optional: bool = False
    default: Value | None = None
    """Value used when a body omits the field; None means no default."""
    added_later: bool = False
    """Required for new resources; existing ones show null until it is set."""
    computed: Computed | None = None
    criterion: str = ""

    @property
    def required(self) -> bool:
        """Whether a create body must contain the field."""
        return not self.optional and self.default is None and self.computed is None

    @property
    def nullable(self) -> bool:
        """Whether the field may be null in a stored resource."""
        return self.optional or self.added_later


class Reference(Element):
    """A link from an entity to the one it belongs to; deleting a parent that has children returns 409."""

    name: str
    """The words before "Id" in the API: `order` gives `orderId`. Defaults to the target's name."""
    target: str
    added_later: bool = False
    criterion: str = ""


class OperationSpec(Element):
    """A CRUD operation that an entity offers; requests for the ones it does not offer return 405."""

    name: Crud
    criterion: str = ""


class Filter(Element):
    """A query parameter that filters a list by equality. References always allow filtering and are not listed here."""

    field: str
    criterion: str = ""


class Sort(Element):
    """A key of the `sort` query parameter of the list operation."""

    field: str
    criterion: str = ""


class FieldRef(Element):
    """A field, relative to an operation.

    `self` is the resource acted on (for create and update: as it would be afterwards), `object` the resource
    named by the action's body, `input` an input of the action, `reference` the resource that `self` points to
    through the reference called `via`.
    """

    subject: Subject = "self"
    via: str = ""
    """Name of the reference, for subject `reference` only."""
    field: str
    """Field name; "status" is the state of an entity with states."""


class Compare(Element):
    """The comparison `left op right`. A null operand makes `ne` true and every other comparison false."""

    kind: Literal["compare"] = "compare"
    left: FieldRef
    op: Comparison
    right: Value | FieldRef


class Missing(Element):
    """A test that a field is null, or that it is not null if `negated` is set."""

    kind: Literal["missing"] = "missing"
    field: FieldRef
    negated: bool = False


class Expired(Element):
    """A test that a date or timestamp is before today (UTC); null has not expired. `negated` inverts the result."""

    kind: Literal["expired"] = "expired"
    field: FieldRef
    negated: bool = False


class ChildCount(Element):
    """A comparison of the number of children that reference the subject with a constant."""

    kind: Literal["child_count"] = "child_count"
    subject: Subject = "self"
    via: str = ""
    child: str
    reference: str
    op: Comparison
    number: int


Test = Annotated[Compare | Missing | Expired | ChildCount, Field(discriminator="kind")]


class Guard(Element):
    """A rule that rejects an operation with `status` when all of its tests hold."""

    operation: Operation
    tests: tuple[Test, ...]
    status: int
    """HTTP status, 400 to 499."""
    criterion: str = ""


class Effect(Element):
    """A change that an operation makes besides its transition. On a computed field, it is stored as an adjustment."""

    operation: Operation
    kind: Literal["set", "increase", "reduce"]
    target: FieldRef
    amount: Value | FieldRef
    """The value to set, or the amount to change by."""
    percent: bool = False
    """Whether `amount` is a percentage of the target's value; the result is rounded half to even."""
    criterion: str = ""


class Limit(Element):
    """The number of times an action can succeed for one resource before it returns 409. Checked after all guards."""

    operation: Operation
    per: Literal["self", "object"]
    """Which resource is counted: the one acted on, or the one the body names."""
    times: int
    criterion: str = ""


class Transition(Element):
    """A change of status by an action; the action returns 409 in a state from which none of its transitions starts."""

    operation: Operation
    source: str
    """Name of the state in kebab case."""
    target: str
    criterion: str = ""


class Action(Element):
    """An action on one resource: `POST /{entities}/{id}/{action}`."""

    verb: str
    """The verb in its base form, such as "cancel" or "check in"."""
    object: str | None = None
    """Entity named in the body: "apply" with "discount code" gives `apply-discount-code`."""
    inputs: tuple[FieldSpec, ...] = ()
    """Further members of the request body; each is stored if the entity has a field of the same name."""
    criterion: str = ""

    @property
    def name(self) -> str:
        """Name of the action: its verb, followed by its object if it has one."""
        return f"{self.verb} {self.object}" if self.object else self.verb


class Access(Element):
    """Who may call an operation: the callers with any one of the roles, and the owner of the resource."""

    operation: Operation
    roles: tuple[str, ...]
    owner: str = Field(default="", exclude_if=lambda name: not name)
    """Name of the reference or text field that holds the owner; "" if the operation depends on roles only.

    The token's `sub` must equal the id that the reference holds, or the text.
    """
    criterion: str = ""


class CustomOperation(Element):
    """An operation on one resource that no sentence form covers; its code is hand-written.

    A query is `GET /{entities}/{id}/{name}` with its inputs as query parameters; it changes nothing. A command is
    `POST` with its inputs as the JSON body; it may change the database in one transaction.
    """

    name: str
    """Name as words, such as "amortisation schedule"."""
    entity: str
    """Name of the entity that the operation belongs to."""
    kind: Literal["query", "command"]
    inputs: tuple[FieldSpec, ...] = ()
    returns: tuple[FieldSpec, ...] = ()
    """Members of the response body."""
    items: tuple[FieldSpec, ...] = ()
    """Members of each record in the response's `items`; empty means that the response has no `items`."""
    roles: tuple[str, ...] = ()
    """Roles that may call the operation; empty means that everyone may."""
    does: str
    """Description of the behaviour, for the author of the code."""
    criterion: str


class Entity(Element):
    """A kind of resource, with its fields, operations and rules."""

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
    """Guards in story order, which is the order in which they are checked."""
    effects: tuple[Effect, ...] = ()
    limits: tuple[Limit, ...] = ()
    access: tuple[Access, ...] = ()
    custom: tuple[CustomOperation, ...] = ()

    def field(self, name: str) -> FieldSpec | None:
        """Return the field with this name, or None."""
        return next((each for each in self.fields if each.name == name), None)

    def reference(self, name: str) -> Reference | None:
        """Return the reference with this name, or None."""
        return next((each for each in self.references if each.name == name), None)

    def action(self, name: str) -> Action | None:
        """Return the action with this name ("apply discount code"), or None."""
        return next((each for each in self.actions if each.name == name), None)

    def custom_operation(self, name: str) -> CustomOperation | None:
        """Return the custom operation with this name, or None."""
        return next((each for each in self.custom if each.name == name), None)

    @property
    def owner(self) -> str:
        """Name of the reference or text field that holds the owner of a resource; "" if no operation depends on it."""
        return next((each.owner for each in self.access if each.owner), "")

    def offers(self, name: Crud) -> bool:
        """Return whether the entity offers the CRUD operation."""
        return any(each.name == name for each in self.operations)

    @property
    def states(self) -> tuple[str, ...]:
        """All states: the initial one, then the others in the order of the transitions."""
        if self.initial_state is None:
            return ()
        named = [self.initial_state]
        for each in self.transitions:
            named += [each.source, each.target]
        return tuple(dict.fromkeys(named))


class Given(Element):
    """A precondition of an example: `count` resources of an entity with these values."""

    entity: str
    values: dict[str, Value | None] = {}
    """Values by field or input name; None means null. The "status" of a state machine is reached through actions."""
    count: int = 1
    children_of: str = ""
    """Earlier given entity whose first resource is the parent; "" lets references point at any given resource."""


class When(Element):
    """The request that an example is about."""

    operation: Operation
    entity: str
    object: str | None = None
    """Earlier given entity that the action's body refers to."""
    values: dict[str, Value | None] = {}
    """Body of a create or update, inputs of an action, or query of a list."""
    times: int = 1
    """Number of consecutive requests; `Then` describes the last one."""


class Then(Element):
    """An expected result of an example."""

    kind: Literal["rejected", "accepted", "created", "value", "listed"]
    status: int | None = None
    """HTTP status of a rejection."""
    entity: str = ""
    """Entity whose field is checked or whose resources are listed."""
    field: str = ""
    value: Value | None = None
    """Expected value of the field; None means null."""
    count: int = 0
    """Expected number of listed resources."""


class Example(Element):
    """An acceptance test from the story, run exactly as written."""

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
    """Percentile of the latency: 95 is the 95th percentile."""
    requests_per_second: int | None = None
    """Load under which the objective applies; None if the story states no rate."""
    criterion: str = ""


class Slo(Element):
    """Service level objectives of the whole service."""

    availability: Decimal | None = None
    """Percentage of requests that do not end in a 5xx response."""
    latency_p95_ms: int | None = None


class Criterion(Element):
    """An acceptance criterion that the blueprint covers; the elements that it requires have its id."""

    id: str
    """Story id, a dot, and the criterion's position in the story, starting at 1."""
    text: str
    same_as: tuple[str, ...] = ()
    """Ids of criteria that this one merely repeats; their tests are also its tests."""
    wording: tuple[str, ...] = ()
    """Sentences into which it was rewritten, if its own text matches no sentence form."""


class Blueprint(Element):
    """The domain model of a whole service."""

    version: Literal[1] = 1
    service: str
    stack: Literal["fastapi", "go_grpc"] = "fastapi"
    slo: Slo = Slo()
    entities: tuple[Entity, ...] = ()
    examples: tuple[Example, ...] = ()
    speeds: tuple[Speed, ...] = ()
    criteria: tuple[Criterion, ...] = ()

    def entity(self, name: str) -> Entity | None:
        """Return the entity with this name, or None."""
        return next((each for each in self.entities if each.name == name), None)

    @property
    def restricted(self) -> bool:
        """Whether any operation requires a token."""
        return bool(self.roles) or any(entity.owner for entity in self.entities)

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role that an operation requires, in order of first mention."""
        asked = [each.roles for entity in self.entities for each in entity.access]
        asked += [each.roles for entity in self.entities for each in entity.custom]
        return tuple(dict.fromkeys(role for roles in asked for role in roles))
