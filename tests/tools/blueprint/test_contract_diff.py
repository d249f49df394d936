from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tools.blueprint.contract_diff import Change, contract_changes
from tools.blueprint.model import (
    Access,
    Action,
    Blueprint,
    Entity,
    FieldRef,
    FieldSpec,
    Filter,
    Guard,
    Limit,
    Missing,
    OperationSpec,
    Sort,
    Transition,
)
from tools.blueprint.openapi import document

NAME = FieldSpec(name="name", type="text", max_length=50)
SIZE = FieldSpec(name="size", type="choice", choices=("s", "m"))
COUNT = FieldSpec(name="count", type="integer", minimum=Decimal(1), maximum=Decimal(9))
NOTE = FieldSpec(name="note", type="text", optional=True)
BOX = Entity(
    name="box",
    fields=(NAME, SIZE, COUNT, NOTE),
    filters=(Filter(field="name"),),
    sorts=(Sort(field="name"),),
    access=(Access(operation="delete", roles=("admin",)),),
    initial_state="open",
    actions=(Action(verb="close"),),
    transitions=(Transition(operation="close", source="open", target="closed"),),
)


def contract(entity: Entity) -> dict[str, Any]:
    return document(Blueprint(service="boxes", entities=(entity,)))


def box(**update: object) -> Entity:
    return BOX.model_copy(update=update)


def with_field(old: FieldSpec, **update: object) -> Entity:
    new = old.model_copy(update=update)
    return box(fields=tuple(new if each is old else each for each in BOX.fields))


def told(before: Entity, after: Entity) -> set[tuple[str, str, str]]:
    return {
        (each.kind, each.where, each.what) for each in contract_changes(contract(before), contract(after))
    }


CREATE, UPDATE, READ, LIST = "POST /boxes", "PATCH /boxes/{id}", "GET /boxes/{id}", "GET /boxes"
ADDED = box(fields=(*BOX.fields, FieldSpec(name="colour", type="text")))


@pytest.mark.parametrize(
    ("before", "after", "kind", "where", "what"),
    [
        # operations
        (BOX, box(operations=(OperationSpec(name="read"),)), "breaking", CREATE, "The operation is gone."),
        (box(operations=(OperationSpec(name="read"),)), BOX, "additive", CREATE, "The operation is new."),
        # request properties
        (BOX, ADDED, "breaking", CREATE, 'The property "colour" of the request body is new and required.'),
        (BOX, ADDED, "additive", UPDATE, 'The property "colour" of the request body is new.'),
        (BOX, ADDED, "additive", READ, 'The property "colour" of the 200 response is new.'),
        (
            BOX,
            box(fields=(*BOX.fields, FieldSpec(name="colour", type="text", optional=True))),
            "additive",
            CREATE,
            'The property "colour" of the request body is new.',
        ),
        (ADDED, BOX, "breaking", CREATE, 'The property "colour" of the request body is gone.'),
        (ADDED, BOX, "breaking", READ, 'The property "colour" of the 200 response is gone.'),
        (
            ADDED,
            BOX,
            "breaking",
            LIST,
            'The property "colour" of the item of the property "items" of the 200 response is gone.',
        ),
        # required and null, the right way round for requests and responses
        (
            BOX,
            with_field(NOTE, optional=False),
            "breaking",
            CREATE,
            'The property "note" of the request body is now required.',
        ),
        (
            BOX,
            with_field(NOTE, optional=False),
            "breaking",
            CREATE,
            'The property "note" of the request body can no longer be null.',
        ),
        (
            BOX,
            with_field(NOTE, optional=False),
            "additive",
            READ,
            'The property "note" of the 200 response can no longer be null.',
        ),
        (
            BOX,
            with_field(NAME, optional=True),
            "additive",
            CREATE,
            'The property "name" of the request body can now be null.',
        ),
        (
            BOX,
            with_field(NAME, optional=True),
            "additive",
            CREATE,
            'The property "name" of the request body may now be left out.',
        ),
        (
            BOX,
            with_field(NAME, optional=True),
            "breaking",
            READ,
            'The property "name" of the 200 response can now be null.',
        ),
        (
            BOX,
            with_field(NAME, default="x"),
            "additive",
            CREATE,
            'The default of the property "name" of the request body is now x.',
        ),
        # choices
        (
            BOX,
            with_field(SIZE, choices=("s", "m", "l")),
            "additive",
            CREATE,
            'The property "size" of the request body can now be "l".',
        ),
        (
            BOX,
            with_field(SIZE, choices=("s", "m", "l")),
            "additive",
            READ,
            'The property "size" of the 200 response can now be "l".',
        ),
        (
            BOX,
            with_field(SIZE, choices=("s",)),
            "breaking",
            CREATE,
            'The property "size" of the request body can no longer be "m".',
        ),
        (
            BOX,
            with_field(SIZE, choices=("s",)),
            "additive",
            READ,
            'The property "size" of the 200 response can no longer be "m".',
        ),
        (
            BOX,
            with_field(SIZE, type="text", choices=()),
            "breaking",
            READ,
            'The property "size" of the 200 response is no longer limited to certain values.',
        ),
        (
            BOX,
            with_field(NAME, type="choice", choices=("a", "b")),
            "breaking",
            CREATE,
            'The property "name" of the request body must now be one of a, b.',
        ),
        # bounds, lengths, patterns: what is written only
        (
            BOX,
            with_field(COUNT, minimum=Decimal(2)),
            "breaking",
            CREATE,
            'The minimum value of the property "count" of the request body is now 2.',
        ),
        (
            BOX,
            with_field(COUNT, minimum=Decimal(0)),
            "additive",
            CREATE,
            'The minimum value of the property "count" of the request body is now 0.',
        ),
        (
            BOX,
            with_field(COUNT, maximum=Decimal(8)),
            "breaking",
            UPDATE,
            'The maximum value of the property "count" of the request body is now 8.',
        ),
        (
            BOX,
            with_field(COUNT, maximum=Decimal(10)),
            "additive",
            UPDATE,
            'The maximum value of the property "count" of the request body is now 10.',
        ),
        (
            BOX,
            with_field(NAME, max_length=49),
            "breaking",
            CREATE,
            'The maximum length of the property "name" of the request body is now 49.',
        ),
        (
            BOX,
            with_field(NAME, min_length=2),
            "breaking",
            CREATE,
            'The minimum length of the property "name" of the request body is now 2.',
        ),
        (
            BOX,
            with_field(NAME, pattern="[a-z]+"),
            "breaking",
            CREATE,
            'The property "name" of the request body must now match ^(?:[a-z]+)$',
        ),
        (
            with_field(NAME, pattern="[a-z]+"),
            BOX,
            "additive",
            CREATE,
            'The property "name" of the request body need no longer match ^(?:[a-z]+)$',
        ),
        # types
        (
            BOX,
            with_field(COUNT, type="number"),
            "breaking",
            READ,
            'The property "count" of the 200 response can now be a number.',
        ),
        (
            BOX,
            with_field(COUNT, type="number"),
            "additive",
            CREATE,
            'The property "count" of the request body can now be a number.',
        ),
        (
            with_field(COUNT, type="number"),
            BOX,
            "breaking",
            CREATE,
            'The property "count" of the request body can no longer be a number.',
        ),
        (
            BOX,
            with_field(COUNT, type="boolean", minimum=None, maximum=None),
            "breaking",
            CREATE,
            'The property "count" of the request body can no longer be an integer.',
        ),
        (
            BOX,
            with_field(NAME, type="date", max_length=None),
            "breaking",
            CREATE,
            'The property "name" of the request body must now be of the format date.',
        ),
        (
            BOX,
            with_field(COUNT, type="money"),
            "breaking",
            READ,
            'The property "count" of the 200 response can now be a number.',
        ),
        # query
        (BOX, box(filters=()), "breaking", LIST, 'The parameter "name" is gone.'),
        (
            BOX,
            box(filters=(*BOX.filters, Filter(field="size"))),
            "additive",
            LIST,
            'The parameter "size" is new.',
        ),
        (
            BOX,
            box(sorts=(Sort(field="size"),)),
            "breaking",
            LIST,
            'The parameter "sort" can no longer be "-name".',
        ),
        (
            BOX,
            box(sorts=(*BOX.sorts, Sort(field="size"))),
            "additive",
            LIST,
            'The parameter "sort" can now be "size".',
        ),
        # roles
        (
            BOX,
            box(access=(*BOX.access, Access(operation="create", roles=("admin", "clerk")))),
            "breaking",
            CREATE,
            "It now needs the role admin or clerk.",
        ),
        (BOX, box(access=()), "additive", "DELETE /boxes/{id}", "It is now open to everyone."),
        (
            BOX,
            box(access=(Access(operation="delete", roles=("clerk",)),)),
            "breaking",
            "DELETE /boxes/{id}",
            "The role admin is no longer enough.",
        ),
        (
            BOX,
            box(access=(Access(operation="delete", roles=("admin", "clerk")),)),
            "additive",
            "DELETE /boxes/{id}",
            "The role clerk is now enough.",
        ),
        # states, guards, limits, actions
        (
            BOX,
            box(transitions=(*BOX.transitions, Transition(operation="close", source="open", target="lost"))),
            "additive",
            READ,
            'The property "status" of the 200 response can now be "lost".',
        ),
        (
            BOX,
            box(
                guards=(Guard(operation="read", tests=(Missing(field=FieldRef(field="note")),), status=410),)
            ),
            "additive",
            READ,
            "It can now answer 410.",
        ),
        (
            box(limits=(Limit(operation="close", per="self", times=1),), transitions=()),
            box(transitions=()),
            "additive",
            "POST /boxes/{id}/close",
            "It no longer answers 409.",
        ),
        (
            BOX,
            box(actions=(Action(verb="close", inputs=(FieldSpec(name="why", type="text"),)),)),
            "breaking",
            "POST /boxes/{id}/close",
            "A body is now required.",
        ),
        (BOX, box(actions=()), "breaking", "POST /boxes/{id}/close", "The operation is gone."),
    ],
)
def test_a_change_is_told_with_its_kind(
    before: Entity, after: Entity, kind: str, where: str, what: str
) -> None:
    assert (kind, where, what) in told(before, after)


def test_nothing_changed_is_nothing_told() -> None:
    assert told(BOX, BOX) == set()


def test_words_that_bind_nobody_are_not_changes() -> None:
    before, after = contract(BOX), contract(BOX)
    after["paths"]["/boxes"]["post"]["summary"] = "Another"
    after["components"]["schemas"]["BoxCreate"]["examples"] = []

    assert contract_changes(before, after) == ()


def test_without_a_contract_before_every_operation_is_new() -> None:
    found = contract_changes(None, contract(BOX))

    assert Change(kind="additive", where="POST /boxes/{id}/close", what="The operation is new.") in found
    assert {each.kind for each in found} == {"additive"}


def test_a_new_optional_field_is_additive_everywhere() -> None:
    after = box(fields=(*BOX.fields, FieldSpec(name="colour", type="text", optional=True)))

    assert {kind for kind, _, _ in told(BOX, after)} == {"additive"}


def test_widened_bounds_of_what_is_written_are_additive_everywhere() -> None:
    after = with_field(NAME, max_length=60)

    assert {kind for kind, _, _ in told(BOX, after)} == {"additive"}


@pytest.mark.parametrize(
    ("edit", "kind", "what"),
    [
        (
            lambda answers: answers["201"].pop("headers"),
            "breaking",
            'The response header "Location" is gone.',
        ),
        (
            lambda answers: answers.update({"200": answers.pop("201")}),
            "breaking",
            "It no longer answers 201.",
        ),
        (
            lambda answers: answers["201"].update(content={"text/csv": {}}),
            "breaking",
            "The 201 response is no longer application/json.",
        ),
    ],
)
def test_documents_of_other_origin_are_compared_too(edit: Any, kind: str, what: str) -> None:
    before, after = contract(BOX), contract(BOX)
    edit(after["paths"]["/boxes"]["post"]["responses"])

    assert Change.model_validate({"kind": kind, "where": CREATE, "what": what}) in contract_changes(
        before, after
    )


def test_a_schema_that_holds_itself_comes_to_an_end() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    before = contract(BOX)
    before["components"]["schemas"]["Node"] = node
    after = contract(BOX)
    after["components"]["schemas"]["Node"] = node | {"required": ["next"]}
    for each in (before, after):
        each["components"]["schemas"]["BoxCreate"] = {"$ref": "#/components/schemas/Node"}

    assert contract_changes(before, after)[0].kind == "breaking"
