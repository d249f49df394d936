from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
import yaml
from openapi_spec_validator import validate

from tools.blueprint.model import (
    Access,
    Action,
    Blueprint,
    Computed,
    Criterion,
    Effect,
    Entity,
    Expired,
    FieldRef,
    FieldSpec,
    Filter,
    Guard,
    Limit,
    OperationSpec,
    Reference,
    Sort,
    Transition,
)
from tools.blueprint.openapi import document, to_yaml

DISCOUNT_CODE = Entity(
    name="discount code",
    fields=(
        FieldSpec(name="code", type="text", min_length=4, max_length=20, unique=True),
        FieldSpec(name="percent", type="integer", minimum=Decimal(1), maximum=Decimal(90)),
        FieldSpec(name="expiry date", type="date"),
    ),
    operations=tuple(OperationSpec(name=name) for name in ("create", "list", "read", "delete")),
    access=(
        Access(operation="create", roles=("admin",)),
        Access(operation="delete", roles=("admin", "clerk")),
    ),
)
ORDER = Entity(
    name="order",
    fields=(
        FieldSpec(name="customer", type="email"),
        FieldSpec(name="note", type="text", max_length=200, optional=True),
        FieldSpec(name="total", type="money", minimum=Decimal(0), default="0.50"),
        FieldSpec(name="sku", type="text", pattern="[A-Z]{3}|[0-9]+", added_later=True),
        FieldSpec(
            name="item count",
            type="integer",
            computed=Computed(kind="count", child="line item", reference="order"),
        ),
    ),
    filters=(Filter(field="customer"), Filter(field="status"), Filter(field="item count")),
    sorts=(Sort(field="total"), Sort(field="item count")),
    initial_state="draft",
    transitions=(
        Transition(operation="pay", source="draft", target="paid", criterion="CHK-1.1"),
        Transition(operation="cancel", source="paid", target="cancelled"),
    ),
    actions=(
        Action(
            verb="pay",
            inputs=(
                FieldSpec(name="reference", type="text", min_length=6, max_length=40),
                FieldSpec(name="tip", type="money", default=0),
            ),
        ),
        Action(verb="cancel"),
        Action(verb="touch"),
        Action(verb="apply", object="discount code"),
        Action(verb="attach", object="line item"),
    ),
    guards=(
        Guard(
            operation="apply discount code",
            tests=(Expired(field=FieldRef(subject="object", field="expiry date")),),
            status=410,
        ),
    ),
    effects=(
        Effect(
            operation="apply discount code",
            kind="reduce",
            target=FieldRef(field="total"),
            amount=FieldRef(subject="object", field="percent"),
            percent=True,
        ),
    ),
    limits=(Limit(operation="apply discount code", per="object", times=3),),
)
LINE_ITEM = Entity(
    name="line item",
    fields=(
        FieldSpec(name="quantity", type="integer"),
        FieldSpec(name="weight", type="number", optional=True),
        FieldSpec(name="gift", type="boolean", default=False),
        FieldSpec(name="page", type="url", optional=True),
        FieldSpec(name="due at", type="timestamp", optional=True),
        FieldSpec(name="batch", type="uuid", optional=True),
        FieldSpec(name="size", type="choice", choices=("s", "m"), optional=True),
    ),
    references=(
        Reference(name="order", target="order"),
        Reference(name="bundle", target="order", added_later=True),
    ),
)
CHECKOUT = Blueprint(
    service="checkout",
    entities=(ORDER, DISCOUNT_CODE, LINE_ITEM),
    criteria=(Criterion(id="CHK-1.1", text='"""An order\nis {{7*7}} # paid: ${jndi} \x07'),),
)
DOCUMENT: Any = document(CHECKOUT)


def operation(where: str) -> Any:
    method, path = where.split()
    return DOCUMENT["paths"][path][method.lower()]


def schema(name: str) -> Any:
    return DOCUMENT["components"]["schemas"][name]


def admits(name: str, value: object) -> bool:
    """Formats are asserted, as contract tests assert them."""
    resolved = {**schema(name), "components": DOCUMENT["components"]}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(resolved, format_checker=checker).is_valid(value)


def test_it_is_valid_openapi() -> None:
    validate(DOCUMENT)
    validate(document(Blueprint(service="empty")))


def test_its_yaml_says_the_same_without_anchors() -> None:
    text = to_yaml(DOCUMENT)

    assert yaml.safe_load(text) == DOCUMENT
    assert "&id" not in text


def test_it_is_the_same_in_every_process() -> None:
    program = (
        "import sys; from tools.blueprint.model import Blueprint; from tools.blueprint.openapi import *;"
        "print(to_yaml(document(Blueprint.model_validate_json(sys.stdin.read()))), end='')"
    )
    for seed in ("1", "2"):
        told = subprocess.run(
            [sys.executable, "-c", program],
            input=CHECKOUT.model_dump_json(),
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout == to_yaml(DOCUMENT)


def test_paths_are_those_of_the_operations_offered() -> None:
    offered = {f"{method.upper()} {path}" for path, item in DOCUMENT["paths"].items() for method in item}

    assert offered == {
        "POST /orders",
        "GET /orders",
        "GET /orders/{id}",
        "PATCH /orders/{id}",
        "DELETE /orders/{id}",
        "POST /orders/{id}/pay",
        "POST /orders/{id}/cancel",
        "POST /orders/{id}/touch",
        "POST /orders/{id}/apply-discount-code",
        "POST /orders/{id}/attach-line-item",
        "POST /discount-codes",
        "GET /discount-codes",
        "GET /discount-codes/{id}",
        "DELETE /discount-codes/{id}",
        "POST /line-items",
        "GET /line-items",
        "GET /line-items/{id}",
        "PATCH /line-items/{id}",
        "DELETE /line-items/{id}",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /openapi.yaml",
    }


@pytest.mark.parametrize(
    ("where", "statuses"),
    [
        ("POST /orders", "201 413 415 422"),
        ("GET /orders", "200 422"),
        ("GET /orders/{id}", "200 404"),
        ("PATCH /orders/{id}", "200 404 413 415 422"),
        ("DELETE /orders/{id}", "204 404 409"),
        ("POST /orders/{id}/pay", "200 404 409 413 415 422"),
        ("POST /orders/{id}/touch", "200 404 413 415 422"),
        ("POST /orders/{id}/apply-discount-code", "200 404 409 410 413 415 422"),
        ("POST /discount-codes", "201 401 403 409 413 415 422"),
        ("DELETE /discount-codes/{id}", "204 401 403 404"),
        ("DELETE /line-items/{id}", "204 404"),
    ],
)
def test_statuses_are_those_that_the_operation_can_give(where: str, statuses: str) -> None:
    assert " ".join(operation(where)["responses"]) == statuses


def test_operations_that_need_a_role_say_which_any_one_is_enough() -> None:
    assert operation("POST /discount-codes")["security"] == [{"bearer": ["admin"]}]
    assert operation("DELETE /discount-codes/{id}")["security"] == [
        {"bearer": ["admin"]},
        {"bearer": ["clerk"]},
    ]
    assert "security" not in operation("GET /discount-codes")
    assert DOCUMENT["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_list_parameters_are_paging_references_filters_and_sort_keys() -> None:
    orders = {each["name"]: each["schema"] for each in operation("GET /orders")["parameters"]}
    items = [each["name"] for each in operation("GET /line-items")["parameters"]]

    assert list(orders) == ["limit", "offset", "customer", "status", "itemCount", "sort"]
    assert (orders["limit"]["minimum"], orders["limit"]["maximum"], orders["limit"]["default"]) == (
        1,
        200,
        50,
    )
    assert orders["status"]["enum"] == ["draft", "paid", "cancelled"]
    assert orders["sort"]["enum"] == ["total", "-total", "itemCount", "-itemCount"]
    assert "format" not in orders["customer"]
    assert items == ["limit", "offset", "orderId", "bundleId"]


def test_a_create_answers_with_its_location_and_what_can_be_done_next() -> None:
    created = operation("POST /orders")["responses"]["201"]

    assert created["headers"]["Location"]["required"]
    assert created["links"]["pay"] == {"operationId": "payOrder", "parameters": {"id": "$response.body#/id"}}


def test_updates_take_both_content_types() -> None:
    kinds = operation("PATCH /orders/{id}")["requestBody"]["content"]

    assert list(kinds) == ["application/merge-patch+json", "application/json"]


def test_bodies_must_be_there_only_where_something_is_required() -> None:
    required = {
        action: operation(f"POST /orders/{{id}}/{action}")["requestBody"]["required"]
        for action in ("pay", "cancel", "touch", "apply-discount-code")
    }

    assert required == {"pay": True, "cancel": False, "touch": False, "apply-discount-code": True}


def test_objects_are_named_by_their_one_unique_text_else_by_id() -> None:
    assert list(schema("OrderApplyDiscountCode")["properties"]) == ["code"]
    assert list(schema("OrderAttachLineItem")["properties"]) == ["lineItemId"]


def test_what_the_service_rules_can_be_read_and_not_written() -> None:
    read = schema("Order")["properties"]

    for name in ("id", "itemCount", "status", "createdAt", "updatedAt"):
        assert read[name]["readOnly"]
        assert name not in schema("OrderCreate")["properties"]
        assert name not in schema("OrderUpdate")["properties"]
    assert schema("Order")["required"] == list(read)


def test_only_optional_and_later_fields_are_read_as_null() -> None:
    nullable = {
        name for name, each in schema("Order")["properties"].items() if each["type"] == ["string", "null"]
    }

    assert nullable == {"note", "sku"}
    assert schema("LineItem")["properties"]["size"]["enum"] == ["s", "m", None]
    assert schema("LineItem")["properties"]["bundleId"]["type"] == ["string", "null"]
    assert schema("LineItem")["properties"]["orderId"]["type"] == "string"


def test_examples_keep_their_schema() -> None:
    (example,) = schema("DiscountCodeCreate")["examples"]

    assert admits("DiscountCodeCreate", example)


ORDER_BODY = {"customer": "ada@example.com", "sku": "ABC"}
ITEM_BODY = {"orderId": "6f1c2d3e-0000-4000-8000-000000000001", "quantity": 1}
ITEM_BODY["bundleId"] = ITEM_BODY["orderId"]


@pytest.mark.parametrize(
    ("name", "body", "good"),
    [
        ("OrderCreate", ORDER_BODY, True),
        ("OrderCreate", {"customer": "ada@example.com"}, False),
        ("OrderCreate", ORDER_BODY | {"extra": 1}, False),
        ("OrderCreate", ORDER_BODY | {"status": "draft"}, False),
        ("OrderCreate", ORDER_BODY | {"note": None}, True),
        ("OrderCreate", ORDER_BODY | {"note": ""}, True),
        ("OrderCreate", ORDER_BODY | {"note": "x" * 200}, True),
        ("OrderCreate", ORDER_BODY | {"note": "x" * 201}, False),
        ("OrderCreate", ORDER_BODY | {"note": "a\x00b"}, False),
        ("OrderCreate", ORDER_BODY | {"total": None}, False),
        ("OrderCreate", ORDER_BODY | {"total": 0}, True),
        ("OrderCreate", ORDER_BODY | {"total": -0.01}, False),
        ("OrderCreate", ORDER_BODY | {"total": 9.99}, True),
        ("OrderCreate", ORDER_BODY | {"total": 9.999}, False),
        ("OrderCreate", ORDER_BODY | {"total": "9.99"}, False),
        ("OrderCreate", ORDER_BODY | {"sku": None}, False),
        ("OrderCreate", ORDER_BODY | {"sku": "ABCD"}, False),
        ("OrderCreate", ORDER_BODY | {"sku": "xABC"}, False),
        ("OrderCreate", ORDER_BODY | {"sku": "123"}, True),
        ("OrderCreate", ORDER_BODY | {"customer": "ada@localhost"}, False),
        ("OrderCreate", ORDER_BODY | {"customer": "a" * 250 + "@b.de"}, False),
        ("OrderCreate", ORDER_BODY | {"customer": "o'neill+tag@sub.example.co"}, True),
        ("OrderUpdate", {}, True),
        ("OrderUpdate", {"note": None}, True),
        ("OrderUpdate", {"sku": None}, False),
        ("OrderUpdate", {"total": None}, False),
        ("DiscountCodeCreate", {"code": "    ", "percent": 1, "expiryDate": "2030-01-01"}, False),
        ("DiscountCodeCreate", {"code": "a  b", "percent": 1, "expiryDate": "2030-01-01"}, True),
        ("DiscountCodeCreate", {"code": "SPR", "percent": 1, "expiryDate": "2030-01-01"}, False),
        ("DiscountCodeCreate", {"code": "SPRING", "percent": 91, "expiryDate": "2030-01-01"}, False),
        ("DiscountCodeCreate", {"code": "SPRING", "percent": 90, "expiryDate": "2030-02-30"}, False),
        ("LineItemCreate", ITEM_BODY, True),
        ("LineItemCreate", ITEM_BODY | {"orderId": None}, False),
        ("LineItemCreate", ITEM_BODY | {"bundleId": None}, False),
        ("LineItemCreate", ITEM_BODY | {"orderId": "7"}, False),
        ("LineItemCreate", ITEM_BODY | {"quantity": 2**63}, False),
        ("LineItemCreate", ITEM_BODY | {"quantity": 2**63 - 1}, True),
        ("LineItemCreate", ITEM_BODY | {"quantity": True}, False),
        ("LineItemCreate", ITEM_BODY | {"gift": None}, False),
        ("LineItemCreate", ITEM_BODY | {"size": None}, True),
        ("LineItemCreate", ITEM_BODY | {"size": "l"}, False),
        ("LineItemCreate", ITEM_BODY | {"dueAt": "2030-01-01T00:00:00+02:00"}, True),
        ("LineItemCreate", ITEM_BODY | {"dueAt": "2030-01-01T00:00:00"}, False),
        ("LineItemCreate", ITEM_BODY | {"dueAt": "9999-12-31T23:59:59-01:00"}, False),
        ("LineItemCreate", ITEM_BODY | {"page": "https://example.com/a?b=%20#c"}, True),
        ("LineItemCreate", ITEM_BODY | {"page": "javascript:alert(1)"}, False),
        ("LineItemCreate", ITEM_BODY | {"page": "ftp://example.com/"}, False),
        ("OrderPay", {"reference": "REF-001"}, True),
        ("OrderPay", {"reference": "REF"}, False),
        ("OrderPay", {"reference": "REF-001", "tip": 1.5}, True),
        ("OrderPay", {}, False),
        ("OrderCancel", {}, True),
        ("OrderCancel", {"why": 1}, False),
    ],
)
def test_bodies_admit_what_the_story_format_admits(name: str, body: object, good: bool) -> None:
    assert admits(name, body) is good
