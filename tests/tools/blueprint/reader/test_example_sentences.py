from __future__ import annotations

from typing import Any

import pytest

from tests.tools.blueprint.reader.stories import SHOP, covered, last, shop, short

ITEM = "An order's item count is the number of its line items."
RULES = (
    "Paying an order requires a reference (text, 3 to 9 characters, optional) and a day (date, optional).",
    "Applying a discount code to an order reduces its total by the code's percent.",
    "Orders can be filtered by customer and status.",
    ITEM,
)
ORDER = {"entity": "order"}
CANCEL = {"operation": "pay", "entity": "order"}
REJECTED = [{"kind": "rejected", "status": 409}]

EXAMPLES: list[tuple[str, dict[str, Any]]] = [
    (
        "Given an order with status shipped, when it is paid, then it is rejected with 409.",
        {"given": [{**ORDER, "values": {"status": "shipped"}}], "when": CANCEL, "then": REJECTED},
    ),
    (
        "Given a shipped order when the order is paid then the order is rejected with status 409",
        {"given": [{**ORDER, "values": {"status": "shipped"}}], "when": CANCEL, "then": REJECTED},
    ),
    (
        "Given an order with 3 uses, when it is paid, then it is rejected with 409.",
        {"given": [{**ORDER, "values": {"uses": 3}}], "when": CANCEL, "then": REJECTED},
    ),
    (
        "Given an order is shipped, when it is paid, then it is refused with a 409.",
        {"given": [{**ORDER, "values": {"status": "shipped"}}], "when": CANCEL, "then": REJECTED},
    ),
    (
        "Given an order whose status is shipped and with a total of 1,000.50 and a missing note, "
        "when it is paid, then it is rejected with 409.",
        {
            "given": [{**ORDER, "values": {"status": "shipped", "total": "1000.5", "note": None}}],
            "when": CANCEL,
            "then": REJECTED,
        },
    ),
    (
        "Given an order with note null and gift true, when it is paid, then its note is missing and it is paid.",
        {
            "given": [{**ORDER, "values": {"note": None, "gift": True}}],
            "when": CANCEL,
            "then": [
                {"kind": "value", **ORDER, "field": "note"},
                {"kind": "value", **ORDER, "field": "status", "value": "paid"},
            ],
        },
    ),
    (
        "Given an order, when it is paid with reference ABC123 and a day of 2025-01-31, then its status is paid.",
        {
            "given": [ORDER],
            "when": {**CANCEL, "values": {"reference": "ABC123", "day": "2025-01-31"}},
            "then": [{"kind": "value", **ORDER, "field": "status", "value": "paid"}],
        },
    ),
    (
        'Given an order, when it is paid with a reference of "x" twice, then it is rejected with 409.',
        {"given": [ORDER], "when": {**CANCEL, "values": {"reference": "x"}, "times": 2}, "then": REJECTED},
    ),
    (
        "Given an order, when it is paid 3 times, then it is rejected with 409.",
        {"given": [ORDER], "when": {**CANCEL, "times": 3}, "then": REJECTED},
    ),
    (
        "Given an order with a total of 80 and a discount code with percent 25, "
        "when the code is applied to the order, then its total is 60.00.",
        {
            "given": [
                {**ORDER, "values": {"total": "80"}},
                {"entity": "discount code", "values": {"percent": 25}},
            ],
            "when": {"operation": "apply discount code", **ORDER, "object": "discount code"},
            "then": [{"kind": "value", **ORDER, "field": "total", "value": "60"}],
        },
    ),
    (
        "Given an expired discount code, when it is applied to an order, then it is rejected with 409.",
        {
            "given": [ORDER, {"entity": "discount code", "values": {"expiry date": "2000-01-01"}}],
            "when": {"operation": "apply discount code", **ORDER, "object": "discount code"},
            "then": REJECTED,
        },
    ),
    (
        "When an order is created with a customer of ana@example.com and a total of 5, then it is created.",
        {
            "when": {"operation": "create", **ORDER, "values": {"customer": "ana@example.com", "total": "5"}},
            "then": [{"kind": "created"}],
        },
    ),
    (
        "When an order with total -5 is created, then it is rejected with 409.",
        {"when": {"operation": "create", **ORDER, "values": {"total": "-5"}}, "then": REJECTED},
    ),
    (
        "When an order is created with size huge and total much, then it is rejected with 409.",
        {
            "when": {"operation": "create", **ORDER, "values": {"size": "huge", "total": "much"}},
            "then": REJECTED,
        },
    ),
    (
        "Given an order, when it is updated with a note of hello, then its note is hello.",
        {
            "given": [ORDER],
            "when": {"operation": "update", **ORDER, "values": {"note": "hello"}},
            "then": [{"kind": "value", **ORDER, "field": "note", "value": "hello"}],
        },
    ),
    (
        "Given an order, when its note is updated to hello, then the note is hello.",
        {
            "given": [ORDER],
            "when": {"operation": "update", **ORDER, "values": {"note": "hello"}},
            "then": [{"kind": "value", **ORDER, "field": "note", "value": "hello"}],
        },
    ),
    (
        "Given an order, when it is deleted, then it is accepted.",
        {"given": [ORDER], "when": {"operation": "delete", **ORDER}, "then": [{"kind": "accepted"}]},
    ),
    (
        "Given an order with 2 line items with quantity 3 and price 5, when it is read, then its item count is 2.",
        {
            "given": [
                ORDER,
                {
                    "entity": "line item",
                    "values": {"quantity": 3, "price": "5"},
                    "count": 2,
                    "children_of": "order",
                },
            ],
            "when": {"operation": "read", **ORDER},
            "then": [{"kind": "value", **ORDER, "field": "item count", "value": 2}],
        },
    ),
    (
        "Given an order that has no line items, when it is read, then its item count is 0.",
        {
            "given": [ORDER],
            "when": {"operation": "read", **ORDER},
            "then": [{"kind": "value", **ORDER, "field": "item count", "value": 0}],
        },
    ),
    (
        "Given two orders with status paid and an order, "
        "when orders are listed with status paid, then two orders are listed.",
        {
            "given": [{**ORDER, "values": {"status": "paid"}, "count": 2}, ORDER],
            "when": {"operation": "list", **ORDER, "values": {"status": "paid"}},
            "then": [{"kind": "listed", **ORDER, "count": 2}],
        },
    ),
    (
        "Given no orders, when orders are filtered by status paid, then no orders are listed.",
        {
            "when": {"operation": "list", **ORDER, "values": {"status": "paid"}},
            "then": [{"kind": "listed", **ORDER}],
        },
    ),
    (
        "Given an order, when a line item is created with quantity 1 and price 2, then it is created.",
        {
            "given": [ORDER],
            "when": {"operation": "create", "entity": "line item", "values": {"quantity": 1, "price": "2"}},
            "then": [{"kind": "created"}],
        },
    ),
]


@pytest.fixture(scope="module")
def service() -> Any:
    return covered(*RULES, before=shop())


@pytest.mark.parametrize(("sentence", "expected"), EXAMPLES)
def test_an_example_is_kept_as_it_is_written(service: Any, sentence: str, expected: dict[str, Any]) -> None:
    (example,) = covered(sentence, before=service).examples
    assert short(example) == expected
    assert example.criterion == "S.1"


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("Given a spaceship, when it is paid, then it is paid.", "unknown entity 'spaceship'"),
        ("Given an order with mood 5, when it is paid, then it is paid.", "no field 'mood'"),
        ("Given an order with size huge, when it is paid, then it is paid.", "'huge' is not a valid value"),
        ("Given an order with a total over 5, when it is paid, then it is paid.", "exact value for 'total'"),
        ("Given an order with a note, when it is paid, then it is paid.", "exact value for 'note'"),
        ("Given an order with item count 5, when it is paid, then it is paid.", "computed"),
        ("Given an order with more than 3 line items, when it is paid, then it is paid.", "exact number"),
        ("Given an order with total 5 and total 6, when it is paid, then it is paid.", "two values"),
        ("Given an order that is shipped or paid, when it is paid, then it is paid.", "not several"),
        ("Given an order, when it is exploded, then it is paid.", "no sentence says what 'explode'"),
        ("Given an order, when it is paid with mood 5, then it is paid.", "has no such input"),
        ("Given an order, when it is updated, then it is paid.", "what is updated"),
        ("Given an order, when it is paid 0 times, then it is paid.", "at least once"),
        ("Given an order, when it is paid, then its mood is 5.", "has a field 'mood'"),
        ("Given an order, when it is paid, then it is happy.", "'happy' is not a state"),
        ("Given an order, when it is paid, then it is created.", "nothing is created"),
        ("Given an order, when it is paid, then it is rejected with 500.", "500 is not a rejection"),
        (
            "Given an order, when orders are listed with note x, then 1 order is listed.",
            "is not a filter of the order list",
        ),
        ("Given an order, when orders are listed, then more than 1 order is listed.", "exactly how many"),
        ("Given an order, when an order with total 5 is paid, then it is paid.", "after 'given'"),
        ("When it is paid, then it is paid.", "what 'it' refers to"),
    ],
)
def test_an_example_that_cannot_be_run_is_refused(service: Any, sentence: str, why: str) -> None:
    reading = last(sentence, before=service)
    assert reading.outcome == "not_covered", reading.readings
    assert why in reading.why


def test_an_example_does_not_make_an_action_exist() -> None:
    reading = last(*SHOP, "Given an order, when it is cancelled, then it is rejected with 409.")
    assert reading.outcome == "not_covered"
