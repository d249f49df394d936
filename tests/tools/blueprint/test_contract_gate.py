"""No difference of two contracts is passed over: each is breaking, additive, or for a person to decide."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.blueprint.contract_differences import (
    BODY,
    CASES,
    CONTRACT,
    GET,
    GONE,
    NEW,
    POST,
    Case,
    Verdict,
    edited,
)
from tools.blueprint.contract_diff import contract_changes
from tools.blueprint.keyword_comparison import ANNOTATIONS

CONTRACT_30 = edited(
    edited(
        edited(edited(CONTRACT, "/openapi", "3.0.3"), f"{NEW}/properties/note/type", "string"),
        f"{NEW}/properties/weight",
        {"type": "number", "minimum": 2, "exclusiveMinimum": True, "maximum": 9},
    ),
    f"{NEW}/properties/note/nullable",
    True,
)


def gravest(before: Any, after: Any) -> Verdict:
    kinds = {change.kind for change in contract_changes(before, after)}
    gravity: tuple[Verdict, ...] = ("breaking", "incomparable", "additive")
    return next((kind for kind in gravity if kind in kinds), "none")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_difference_has_its_verdict_there_and_back(case: Case) -> None:
    assert gravest(CONTRACT, case.document) == case.there
    assert gravest(case.document, CONTRACT) == case.back


def test_the_table_is_long_enough_and_only_annotations_are_no_difference() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    silent = {case.pointer.split("/")[-1] for case in CASES if "none" in (case.there, case.back)}
    # The patch version of OpenAPI and the version of the service change no meaning, and a 409 was the default response.
    assert silent - {"openapi", "version", "x-team", "409"} <= ANNOTATIONS
    assert len([case for case in CASES if case.there != "none"]) >= 80


@pytest.mark.parametrize(
    ("pointer", "value", "there", "back"),
    [
        (f"{NEW}/properties/note/nullable", GONE, "breaking", "additive"),
        (f"{NEW}/properties/note/nullable", "yes", "breaking", "incomparable"),
        (f"{NEW}/properties/weight/exclusiveMinimum", False, "additive", "breaking"),
        (f"{NEW}/properties/weight/exclusiveMaximum", True, "breaking", "additive"),
        (f"{NEW}/properties/weight/minimum", GONE, "incomparable", "incomparable"),
        (f"{NEW}/properties/code/nullable", False, "none", "none"),
    ],
)
def test_openapi_3_0_has_keywords_of_its_own(pointer: str, value: Any, there: Verdict, back: Verdict) -> None:
    other = edited(CONTRACT_30, pointer, value)

    assert (gravest(CONTRACT_30, other), gravest(other, CONTRACT_30)) == (there, back)


PART = "/components/schemas/Part"
NODE = {"$dynamicAnchor": "node", "type": "string"}


@pytest.mark.parametrize(
    ("part", "pointer", "value", "there", "back"),
    [
        (
            {"$dynamicRef": "#node"},
            "/components/schemas/Node/type",
            "integer",
            "incomparable",
            "incomparable",
        ),
        (
            {"items": {"$dynamicRef": "#node"}},
            "/components/schemas/Node/type",
            "integer",
            *("incomparable",) * 2,
        ),
        ({"$recursiveRef": "#"}, "/components/schemas/Node/type", "integer", "incomparable", "incomparable"),
        ({"const": {"$ref": NODE["type"]}}, f"{PART}/const", {"$ref": "number"}, *("incomparable",) * 2),
        ({"enum": [{"$ref": "a"}]}, f"{PART}/enum", [{"$ref": "b"}], "breaking", "breaking"),
        (
            {"type": "string", "nullable": True},
            PART,
            {"type": ["string", "null"]},
            "incomparable",
            "breaking",
        ),
        ({"propertyNames": {"pattern": "^a"}}, f"{PART}/properties", {"ab": {}}, "incomparable", "breaking"),
        ({"patternProperties": {"^a": {}}}, f"{PART}/properties", {"ab": {}}, "incomparable", "breaking"),
    ],
)
def test_what_depends_on_other_places_is_never_silent(
    part: Any, pointer: str, value: Any, there: Verdict, back: Verdict
) -> None:
    document = edited(edited(CONTRACT, "/components/schemas/Node", NODE), PART, part)
    document = edited(document, f"{NEW}/properties/part", {"$ref": "#/components/schemas/Part"})
    other = edited(document, pointer, value)

    assert (gravest(document, other), gravest(other, document)) == (there, back)


def test_a_required_property_that_is_declared_later_may_be_left_out() -> None:
    answer = f"{GET}/responses/200/content/application~1json/schema"
    before = edited(CONTRACT, answer, {"required": ["x"]})
    after = edited(CONTRACT, answer, {"properties": {"x": {"type": "string"}}})

    assert gravest(before, after) == "breaking"


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        (f"{NEW}/required", ["lines", "lines"]),
        (f"{NEW}/properties/speed/enum", ["fast", "slow"]),
        (f"{NEW}/properties/code/type", ["string"]),
        (f"{NEW}/properties/code/minLength", 0),
        (f"{NEW}/properties/code/uniqueItems", False),
        (f"{NEW}/properties/weight/minimum", 1.0),
        (f"{NEW}/properties/when/anyOf", [{"type": "null"}, {"type": "string", "format": "date"}]),
        (f"{NEW}/properties/labels/additionalProperties", {"type": "string", "title": "A label"}),
        (f"{NEW}/properties/payment/oneOf/0/description", "By card"),
        ("/components/schemas/Card/description", "A card"),
        (BODY, {"allOf": [{"$ref": "#/components/schemas/NewOrder"}]}),
        ("/components/schemas/Unused", {"type": "string"}),
        ("/components/securitySchemes/key/description", "Ask us"),
    ],
)
def test_another_way_to_say_the_same_is_no_change(pointer: str, value: Any) -> None:
    assert contract_changes(CONTRACT, edited(CONTRACT, pointer, value)) == ()


def places(value: Any, pointer: str = "") -> Iterator[str]:
    """Yield the pointer of every value of a document, but for annotations and what is in them."""
    yield pointer
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        if str(key) not in ANNOTATIONS and not str(key).startswith("x-"):
            yield from places(member, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")


def at(document: Any, pointer: str) -> Any:
    value = document
    for part in (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]):
        value = value[int(part) if isinstance(value, list) or part not in value else part]
    return value


VALUES: tuple[Any, ...] = (
    GONE,
    None,
    True,
    False,
    0,
    7,
    2.5,
    "",
    "odd",
    [],
    ["odd"],
    {},
    {"odd": 7},
    {"type": "null"},
)
_NAMED = {"", "schemas", "parameters", "responses", "securitySchemes"}
"""Members of `components`: what nobody refers to concerns nobody."""


def alike(document: Any, pointer: str, value: Any) -> bool:
    """Whether a mutation leaves the meaning as it is."""
    if value is GONE:
        return pointer.endswith("/minItems") and at(document, pointer) == 0
    old = at(document, pointer)
    return type(old) is type(value) and bool(old == value)


@pytest.mark.parametrize("document", [CONTRACT, CONTRACT_30], ids=["3.1", "3.0"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: "gone" if value is GONE else repr(value))
def test_no_place_can_change_in_silence(document: Any, value: Any) -> None:
    silent = []
    for pointer in places(document):
        if pointer and not alike(document, pointer, value):
            mutant = edited(document, pointer, value)
            silent += [
                pointer for pair in ((document, mutant), (mutant, document)) if not contract_changes(*pair)
            ]

    assert silent == []


@pytest.mark.parametrize("document", [CONTRACT, CONTRACT_30], ids=["3.1", "3.0"])
def test_no_new_keyword_is_passed_over(document: Any) -> None:
    silent = []
    for pointer in places(document):
        of_components = (
            pointer.startswith("/components") and pointer.removeprefix("/components").strip("/") in _NAMED
        )
        if isinstance(at(document, pointer), dict) and not of_components:
            mutant = edited(document, f"{pointer}/odd", {"get": {}})
            silent += [
                pointer for pair in ((document, mutant), (mutant, document)) if not contract_changes(*pair)
            ]

    assert silent == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats()
    | st.sampled_from(["", "string", "#/components/schemas/Line"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "$ref",
                    "type",
                    "items",
                    "properties",
                    "allOf",
                    "anyOf",
                    "oneOf",
                    "required",
                    "enum",
                    "nullable",
                ]
            )
            | st.sampled_from(
                ["minimum", "exclusiveMinimum", "additionalProperties", "schema", "content", "name", "odd"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
PLACES = [*places(CONTRACT)][1:]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(VALUES)), min_size=1, max_size=4))
def test_several_changes_at_once_are_not_silent_either(mutations: list[tuple[str, Any]]) -> None:
    mutant = CONTRACT
    for place, value in mutations:
        try:
            if not alike(mutant, place, value):
                mutant = edited(mutant, place, value)
        except (LookupError, TypeError, ValueError):
            continue  # an earlier one took the place away

    assert contract_changes(CONTRACT, mutant) or mutant == CONTRACT
    assert contract_changes(mutant, CONTRACT) or mutant == CONTRACT


@settings(max_examples=200, deadline=None)
@given(place=st.sampled_from(PLACES), value=JSON, other=JSON)
def test_nothing_is_raised_for_odd_parts(place: str, value: Any, other: Any) -> None:
    before, after = edited(CONTRACT, place, value), edited(CONTRACT, place, other)

    assert isinstance(contract_changes(before, after), tuple)


@settings(max_examples=100, deadline=None)
@given(before=JSON, after=JSON)
def test_whatever_a_document_is_nothing_is_raised(before: Any, after: Any) -> None:
    for change in contract_changes(before, after):
        assert change.needs_person or before is None
    for part in ("paths", "components", "security", "openapi"):
        assert contract_changes(CONTRACT, CONTRACT | {part: before}) or part in ("components", "security")


def looped() -> Any:
    loop: list[Any] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    "document",
    [
        None,
        7,
        "openapi: 3.1.0",
        [],
        {},
        {"openapi": "2.0"},
        {"swagger": "2.0", "paths": {}},
        looped(),
        {(1, 2): 3},
    ],
    ids=["None", "7", "text", "list", "empty", "2.0", "swagger", "loop", "key"],
)
def test_what_is_no_openapi_3_document_is_for_a_person(document: Any) -> None:
    (change,) = contract_changes(CONTRACT, document)

    assert (change.kind, change.where) == ("incomparable", "All operations")
    assert change.what == "The contract cannot be compared; a person has to decide."
    if document is not None:
        assert gravest(document, CONTRACT) == "incomparable"


def test_a_document_that_nobody_changed_has_no_changes_even_of_swagger_2() -> None:
    for document in (CONTRACT, CONTRACT_30, {"swagger": "2.0", "paths": {"/a": {}}}):
        assert contract_changes(document, copy.deepcopy(document)) == ()


def test_what_other_files_hold_may_have_changed() -> None:
    outside = edited(CONTRACT, f"{BODY}/$ref", "schemas.yaml#/NewOrder")

    (change,) = contract_changes(outside, outside)

    assert (change.kind, change.where) == ("incomparable", "POST /orders")
    assert change.what == "The request body cannot be compared; a person has to decide."


def test_a_schema_too_deep_to_follow_is_for_a_person() -> None:
    deep: Any = {"type": "string"}
    for _ in range(2000):
        deep = {"items": deep}
    deeper = {"items": deep}

    assert gravest(edited(CONTRACT, BODY, deep), edited(CONTRACT, BODY, deeper)) == "incomparable"


@pytest.mark.parametrize("keyword", ["unevaluatedProperties", "$id", "$dynamicRef"])
def test_beside_a_keyword_that_depends_on_others_nothing_is_weighed(keyword: str) -> None:
    before = edited(CONTRACT, f"{NEW}/{keyword}", "#odd")

    assert gravest(before, edited(before, f"{NEW}/maxProperties", 9)) == "breaking"
    assert gravest(edited(before, f"{NEW}/maxProperties", 9), before) == "incomparable"


def test_what_a_plain_and_an_opaque_keyword_refer_to_is_compared_for_each() -> None:
    twice = {"a": {"$ref": "#/components/schemas/Card"}, "b": {"not": {"$ref": "#/components/schemas/Card"}}}
    before = edited(CONTRACT, f"{NEW}/properties", twice)
    after = edited(before, "/components/schemas/Card/properties/more", {})

    found = {(change.kind, change.what.partition(" of ")[0]) for change in contract_changes(before, after)}
    assert found == {("additive", 'The property "more"'), ("incomparable", "The `not`")}


def test_a_path_with_only_unknown_methods_is_for_a_person() -> None:
    before, after = (edited(CONTRACT, "/paths/~1search", {"query": {"summary": text}}) for text in "ab")

    assert gravest(before, after) == "incomparable"
    assert gravest(before, CONTRACT) == "breaking"


def test_subtypes_that_only_a_discriminator_admits_are_for_a_person() -> None:
    line = "/components/schemas/Line"
    before = edited(CONTRACT, f"{line}/discriminator", {"propertyName": "sku"})
    after = edited(before, "/components/schemas/Special", {"allOf": [{"$ref": "#/components/schemas/Line"}]})

    assert ("incomparable", "GET /orders/{id}") in {
        (change.kind, change.where) for change in contract_changes(before, after)
    }


def test_what_cannot_be_compared_is_named_by_place_and_keyword() -> None:
    after = edited(CONTRACT, f"{NEW}/if", {"required": ["note"]})

    (change,) = contract_changes(CONTRACT, after)

    assert change.needs_person
    assert f"{change.where}: {change.what}" == (
        "POST /orders: The `if` of the request body cannot be compared; a person has to decide."
    )


def test_operations_inherit_parameters_security_and_servers_of_their_path() -> None:
    servers = contract_changes(CONTRACT, edited(CONTRACT, "/paths/~1orders/servers", []))
    override = edited(CONTRACT, f"{POST}/parameters/-", {"name": "X-Trace", "in": "header", "required": True})
    trace = contract_changes(CONTRACT, override)
    opened = contract_changes(edited(CONTRACT, "/security", [{"key": []}]), CONTRACT)

    assert {change.where for change in servers} == {"POST /orders"}
    assert "is now required" in trace[0].what
    assert [(change.where, change.what) for change in opened] == [
        ("POST /orders", "It is now open to everyone.")
    ]
    assert (
        contract_changes(CONTRACT, edited(CONTRACT, f"{GET}/security", [{"key": []}, {"token": ["clerk"]}]))
        == ()
    )


def test_a_large_contract_is_compared_in_seconds() -> None:
    large = copy.deepcopy(CONTRACT)
    schemas = large["components"]["schemas"]
    for number in range(120):
        links = {
            f"p{each}": {"$ref": f"#/components/schemas/S{(number * 7 + each * 31) % 120}"}
            for each in range(9)
        }
        schemas[f"S{number}"] = {"type": "object", "properties": {"id": {"type": "string"}} | links}
        answer = {
            "200": {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/S{number}"}}}}
        }
        large["paths"][f"/s{number}"] = {"get": {"responses": answer}}
    after = edited(large, "/components/schemas/S0/properties/id/type", "integer")

    started = time.monotonic()
    found = contract_changes(large, after)

    assert {change.where for change in found} == {f"GET /s{number}" for number in range(120)}
    assert time.monotonic() - started < 60
