from __future__ import annotations

from typing import Any

import pytest

from tests.tools.blueprint.reader.stories import SHOP, covered, entity, last, shop, shorts, story


def on(field: str, op: str, right: Any, **subject: str) -> dict[str, Any]:
    return {"left": {**subject, "field": field}, "op": op, "right": right}


def count(op: str, number: int, **subject: str) -> dict[str, Any]:
    return {**subject, "child": "line item", "reference": "order", "op": op, "number": number}


PAID = on("status", "eq", "paid")
MISSING = {"field": {"field": "note"}}
APPLYING = "Applying a discount code to an order reduces its total by the code's percent."

GUARDS: list[tuple[str, list[dict[str, Any]]]] = [
    ("Cancelling an order that is paid is rejected with 409.", [PAID]),
    ("Cancelling orders that are paid is refused with 409", [PAID]),
    ("CANCELLING ANY ORDER WHICH IS PAID IS REJECTED WITH A 409 STATUS.", [PAID]),
    ("Cancelling a paid order is rejected with status 409.", [PAID]),
    ("Cancelling an order that is already paid must be rejected with status code 409.", [PAID]),
    ("Cancelling an order with status paid is rejected with HTTP 409.", [PAID]),
    ("Cancelling an order with a status of paid is rejected with 409 Conflict.", [PAID]),
    ("Cancelling an order whose status is paid is rejected with 409.", [PAID]),
    ("Cancelling an order is rejected with 409 if it is paid.", [PAID]),
    ("Cancelling an order is rejected with 409 when the order is paid.", [PAID]),
    ("Cancelling an order is rejected with 409 when its status is paid.", [PAID]),
    ("Cancelling an order that is not paid is rejected with 409.", [on("status", "ne", "paid")]),
    ("Cancelling an order that isn't paid is rejected with 409.", [on("status", "ne", "paid")]),
    (
        "Cancelling an order that is neither paid nor shipped is rejected with 409.",
        [on("status", "ne", "paid"), on("status", "ne", "shipped")],
    ),
    ("Cancelling an order that is gift is rejected with 409.", [on("gift", "eq", True)]),
    ("Cancelling an order that is not gift is rejected with 409.", [on("gift", "ne", True)]),
    ("Cancelling an order with gift true is rejected with 409.", [on("gift", "eq", True)]),
    ("Cancelling an order that is extra large is rejected with 409.", [on("size", "eq", "extra-large")]),
    ("Cancelling an order with a size other than small is rejected with 409.", [on("size", "ne", "small")]),
    ("Cancelling an order with a missing note is rejected with 409.", [MISSING]),
    ("Cancelling an order with a note missing is rejected with 409.", [MISSING]),
    ("Cancelling an order without a note is rejected with 409.", [MISSING]),
    ("Cancelling an order that has no note is rejected with 409.", [MISSING]),
    ("Cancelling an order whose note is missing is rejected with 409.", [MISSING]),
    ("Cancelling an order is rejected with 409 if the note is missing.", [MISSING]),
    ("Cancelling an order with a note is rejected with 409.", [MISSING | {"negated": True}]),
    ("Creating an order with a total over 10,000 is rejected with 409.", [on("total", "gt", "10000")]),
    ("Creating an order with a total more than 10 is rejected with 409.", [on("total", "gt", "10")]),
    ("Creating an order with a total above 10 is rejected with 409.", [on("total", "gt", "10")]),
    ("Creating an order with a total greater than 10.5 is rejected with 409.", [on("total", "gt", "10.5")]),
    (
        "Creating an order with uses over ten is rejected with 409.",
        [on("uses", "gt", 10)],
    ),
    ("Creating an order with a total under 10 is rejected with 409.", [on("total", "lt", "10")]),
    ("Creating an order with a total less than 10 is rejected with 409.", [on("total", "lt", "10")]),
    ("Creating an order with a total below 10 is rejected with 409.", [on("total", "lt", "10")]),
    ("Creating an order with a total at least 10 is rejected with 409.", [on("total", "ge", "10")]),
    ("Creating an order with a total of at least 10 is rejected with 409.", [on("total", "ge", "10")]),
    ("Creating an order with a total at most 10 is rejected with 409.", [on("total", "le", "10")]),
    ("Creating an order with a total no more than 10 is rejected with 409.", [on("total", "le", "10")]),
    ("Creating an order with a total up to 10 is rejected with 409.", [on("total", "le", "10")]),
    ("Creating an order with a total of 10 is rejected with 409.", [on("total", "eq", "10")]),
    ('Creating an order with a note of "x y" is rejected with 409.', [on("note", "eq", "x y")]),
    (
        "Creating an order with a total between 5 and 10 is rejected with 409.",
        [on("total", "ge", "5"), on("total", "le", "10")],
    ),
    (
        "Creating an order with a total over 5 and under 10 is rejected with 409.",
        [on("total", "gt", "5"), on("total", "lt", "10")],
    ),
    (
        "Creating an order with a total over its uses is rejected with 409.",
        [on("total", "gt", {"field": "uses"})],
    ),
    (
        "Creating an order with a due date before 2024-01-31 is rejected with 409.",
        [on("due date", "lt", "2024-01-31")],
    ),
    (
        "Creating an order with a due date on or after 2024-01-31 is rejected with 409.",
        [on("due date", "ge", "2024-01-31")],
    ),
    (
        "Creating an order with a due date before today is rejected with 409.",
        [{"field": {"field": "due date"}}],
    ),
    (
        "Creating an order with a due date in the past is rejected with 409.",
        [{"field": {"field": "due date"}}],
    ),
    ("Cancelling an expired order is rejected with 409.", [{"field": {"field": "due date"}}]),
    (
        "Cancelling an order that is not expired is rejected with 409.",
        [{"field": {"field": "due date"}, "negated": True}],
    ),
    ("Creating an order with more than 3 uses is rejected with 409.", [on("uses", "gt", 3)]),
    ("Cancelling an order that has fewer than 3 uses is rejected with 409.", [on("uses", "lt", 3)]),
    ("Cancelling an order that has no uses is rejected with 409.", [on("uses", "eq", 0)]),
    ("Cancelling an order that has no line items is rejected with 409.", [count("eq", 0)]),
    ("Cancelling an order without line items is rejected with 409.", [count("eq", 0)]),
    ("Cancelling an order that has line items is rejected with 409.", [count("gt", 0)]),
    ("Cancelling an order with more than 3 line items is rejected with 409.", [count("gt", 3)]),
    ("Cancelling an order with fewer than two line items is rejected with 409.", [count("lt", 2)]),
    ("Cancelling an order with at least one line item is rejected with 409.", [count("ge", 1)]),
    ("Cancelling an order with at most 3 line items is rejected with 409.", [count("le", 3)]),
    (
        "Cancelling an order with 3 line items is rejected with 409.",
        [count("eq", 3)],
    ),
    ("Cancelling an order that is paid and gift is rejected with 409.", [PAID, on("gift", "eq", True)]),
    ("Cancelling an order that is paid and has no note is rejected with 409.", [PAID, MISSING]),
    ("Cancelling an order that is paid and with a missing note is rejected with 409.", [PAID, MISSING]),
    ("Cancelling an order that is paid and that has no note is rejected with 409.", [PAID, MISSING]),
    (
        "Cancelling an order with a missing note and more than 3 line items is rejected with 409.",
        [MISSING, count("gt", 3)],
    ),
    (
        "Cancelling an order with a missing note and due date is rejected with 409.",
        [MISSING, {"field": {"field": "due date"}}],
    ),
    ("Cancelling a paid order that has no note is rejected with 409.", [PAID, MISSING]),
    ("Cancelling an order that is paid is rejected with 409 if it has no note.", [PAID, MISSING]),
]


@pytest.mark.parametrize(("sentence", "tests"), GUARDS)
def test_a_guard_has_its_tests(sentence: str, tests: list[dict[str, Any]]) -> None:
    (guard,) = entity(covered(sentence, before=shop()), "order").guards
    assert guard.operation == sentence.split()[0].lower().replace("cancelling", "cancel").replace(
        "creating", "create"
    )
    assert guard.status == 409
    assert shorts(guard.tests) == tests


ELSEWHERE: list[tuple[str, str, list[dict[str, Any]]]] = [
    (
        "Creating a line item of an order that is paid is rejected with 409.",
        "create",
        [on("status", "eq", "paid", subject="reference", via="order")],
    ),
    (
        "Creating line items for a paid order is rejected with 409.",
        "create",
        [on("status", "eq", "paid", subject="reference", via="order")],
    ),
    (
        "Creating a line item in an order with a missing note is rejected with 409.",
        "create",
        [{"field": {"subject": "reference", "via": "order", "field": "note"}}],
    ),
    (
        "Deleting a line item on an order that has more than 3 line items is rejected with 409.",
        "delete",
        [count("gt", 3, subject="reference", via="order")],
    ),
    (
        "Creating a line item whose order is paid is rejected with 409.",
        "create",
        [on("status", "eq", "paid", subject="reference", via="order")],
    ),
    (
        "Creating a line item is rejected with 409 if its order's total is over 5.",
        "create",
        [on("total", "gt", "5", subject="reference", via="order")],
    ),
    (
        "Creating a line item with a quantity over its order's uses is rejected with 409.",
        "create",
        [on("quantity", "gt", {"subject": "reference", "via": "order", "field": "uses"})],
    ),
]


@pytest.mark.parametrize(("sentence", "operation", "tests"), ELSEWHERE)
def test_a_guard_may_speak_of_the_parent(sentence: str, operation: str, tests: list[dict[str, Any]]) -> None:
    (guard,) = entity(covered(sentence, before=shop()), "line item").guards
    assert guard.operation == operation
    assert shorts(guard.tests) == tests


OBJECTS: list[tuple[str, list[dict[str, Any]]]] = [
    (
        "Applying an expired discount code is rejected with 422.",
        [{"field": {"subject": "object", "field": "expiry date"}}],
    ),
    (
        "Applying an expired code to an order is rejected with 422.",
        [{"field": {"subject": "object", "field": "expiry date"}}],
    ),
    (
        "Applying a discount code that is expired to orders is rejected with 422.",
        [{"field": {"subject": "object", "field": "expiry date"}}],
    ),
    ("Applying a discount code to an order that is paid is rejected with 422.", [PAID]),
    (
        "Applying a discount code with a percent over 50 to an order with a total under 10 is rejected with 422.",
        [on("percent", "gt", 50, subject="object"), on("total", "lt", "10")],
    ),
    ("Applying a discount code is rejected with 422 if the order is paid.", [PAID]),
    (
        "Applying a discount code is rejected with 422 when the code's percent is over 50.",
        [on("percent", "gt", 50, subject="object")],
    ),
]


@pytest.mark.parametrize(("sentence", "tests"), OBJECTS)
def test_a_guard_may_speak_of_the_object(sentence: str, tests: list[dict[str, Any]]) -> None:
    (guard,) = entity(covered(APPLYING, sentence, before=shop()), "order").guards
    assert (guard.operation, guard.status) == ("apply discount code", 422)
    assert shorts(guard.tests) == tests


def test_a_guard_may_speak_of_an_input_and_compare_it_with_a_field() -> None:
    order = entity(
        covered(
            *SHOP,
            "Paying an order requires an amount (money).",
            "Paying an order with an amount over 5 is rejected with 409.",
            "Paying an order with an amount under its total is rejected with 422.",
            "Paying an order with a given amount under its uses is rejected with 400.",
        ),
        "order",
    )
    amount = {"subject": "input"}
    assert [shorts(each.tests) for each in order.guards] == [
        [on("amount", "gt", "5", **amount)],
        [on("amount", "lt", {"field": "total"}, **amount)],
        [on("amount", "lt", {"field": "uses"}, **amount)],
    ]


def test_values_joined_by_or_are_guards_of_their_own_and_so_are_several_operations() -> None:
    order = entity(
        covered("Updating or deleting an order that is paid or shipped is rejected with 409.", before=shop()),
        "order",
    )
    said = [(each.operation, shorts(each.tests)[0]["right"]) for each in order.guards]
    assert said == [("update", "paid"), ("update", "shipped"), ("delete", "paid"), ("delete", "shipped")]


def test_guards_keep_the_order_of_the_sentences() -> None:
    order = entity(
        covered(
            "Cancelling an order with a missing note is rejected with 400.",
            "Applying an expired discount code is rejected with 401.",
            *SHOP,
            "Cancelling an order that is paid is rejected with 402.",
            APPLYING,
        ),
        "order",
    )
    assert [each.status for each in order.guards] == [400, 401, 402]


@pytest.mark.parametrize(
    ("sentence", "verb"),
    [
        ("Checking in an order that is paid is rejected with 409.", "check in"),
        ("Checking an order in requires a day (date).", "check in"),
        ("Checking in orders increases its uses by 1.", "check in"),
        ("An order can be checked in at most twice.", "check in"),
        ("Only an admin can check in orders.", "check in"),
        ("Putting an order on hold requires a day (date).", None),
        ("Reopening an order that is paid is rejected with 409.", "reopen"),
        ("Withdrawing from an order requires an amount (money).", "withdraw"),
    ],
)
def test_a_verb_that_is_mentioned_makes_the_action_exist(sentence: str, verb: str | None) -> None:
    reading = last(sentence, before=shop())
    if verb is None:
        assert reading.outcome == "not_covered"
        return
    actions = entity(covered(sentence, before=shop()), "order").actions
    assert [each.verb for each in actions] == ["pay", "ship", verb]


EFFECTS: list[tuple[str, dict[str, Any]]] = [
    (
        "Cancelling an order increases its uses by 1.",
        {"kind": "increase", "target": {"field": "uses"}, "amount": 1},
    ),
    (
        "Cancelling an order raises the order's uses by one.",
        {"kind": "increase", "target": {"field": "uses"}, "amount": 1},
    ),
    (
        "Cancelling an order decreases the uses of the order by 2",
        {"kind": "reduce", "target": {"field": "uses"}, "amount": 2},
    ),
    (
        "Cancelling an order lowers its total by 2.50.",
        {"kind": "reduce", "target": {"field": "total"}, "amount": "2.5"},
    ),
    (
        "Cancelling an order reduces its total by 30 %.",
        {"kind": "reduce", "target": {"field": "total"}, "amount": "30", "percent": True},
    ),
    (
        "Cancelling an order reduces its total by 30 percent.",
        {"kind": "reduce", "target": {"field": "total"}, "amount": "30", "percent": True},
    ),
    (
        "Cancelling an order reduces its total by 12.5%.",
        {"kind": "reduce", "target": {"field": "total"}, "amount": "12.5", "percent": True},
    ),
    (
        "Cancelling an order reduces its total by its uses.",
        {"kind": "reduce", "target": {"field": "total"}, "amount": {"field": "uses"}},
    ),
    (
        "Cancelling an order reduces its total by its uses percent.",
        {"kind": "reduce", "target": {"field": "total"}, "amount": {"field": "uses"}, "percent": True},
    ),
    (
        'Cancelling an order sets its note to "withdrawn".',
        {"kind": "set", "target": {"field": "note"}, "amount": "withdrawn"},
    ),
    (
        "Cancelling an order sets its note to withdrawn.",
        {"kind": "set", "target": {"field": "note"}, "amount": "withdrawn"},
    ),
    (
        "Cancelling an order sets its note to “off, now”.",
        {"kind": "set", "target": {"field": "note"}, "amount": "off, now"},
    ),
    (
        "Cancelling an order sets its gift to false.",
        {"kind": "set", "target": {"field": "gift"}, "amount": False},
    ),
    (
        "Cancelling an order sets the size to extra large.",
        {"kind": "set", "target": {"field": "size"}, "amount": "extra-large"},
    ),
    (
        "Cancelling an order sets its due date to 2025-01-31.",
        {"kind": "set", "target": {"field": "due date"}, "amount": "2025-01-31"},
    ),
    (
        "Cancelling an order sets its total to its uses.",
        {"kind": "set", "target": {"field": "total"}, "amount": {"field": "uses"}},
    ),
]


@pytest.mark.parametrize(("sentence", "expected"), EFFECTS)
def test_an_effect_changes_a_field(sentence: str, expected: dict[str, Any]) -> None:
    (effect,) = shorts(entity(covered(sentence, before=shop()), "order").effects)
    assert effect == {"operation": "cancel", **expected}


APPLIED: list[tuple[str, dict[str, Any]]] = [
    (
        "Applying a discount code to an order reduces the order's total by the code's percent.",
        {
            "kind": "reduce",
            "target": {"field": "total"},
            "amount": {"subject": "object", "field": "percent"},
            "percent": True,
        },
    ),
    (
        "Applying a code to an order reduces its total by its percent.",
        {
            "kind": "reduce",
            "target": {"field": "total"},
            "amount": {"subject": "object", "field": "percent"},
            "percent": True,
        },
    ),
    (
        "Applying a discount code to an order reduces the code's uses left by 1.",
        {"kind": "reduce", "target": {"subject": "object", "field": "uses left"}, "amount": 1},
    ),
    (
        "Applying a discount code to an order increases the total of the order by the uses left of the discount code.",
        {
            "kind": "increase",
            "target": {"field": "total"},
            "amount": {"subject": "object", "field": "uses left"},
        },
    ),
]


@pytest.mark.parametrize(("sentence", "expected"), APPLIED)
def test_an_effect_speaks_of_the_resource_and_of_the_object(sentence: str, expected: dict[str, Any]) -> None:
    (effect,) = shorts(entity(covered(sentence, before=shop()), "order").effects)
    assert effect == {"operation": "apply discount code", **expected}


def test_an_amount_may_be_an_input_of_the_action() -> None:
    blueprint = covered(
        *SHOP,
        "Paying an order reduces its total by the amount.",
        "Paying an order requires an amount (money).",
    )
    assert shorts(entity(blueprint, "order").effects) == [
        {
            "operation": "pay",
            "kind": "reduce",
            "target": {"field": "total"},
            "amount": {"subject": "input", "field": "amount"},
        }
    ]


def test_an_effect_may_reach_the_parent() -> None:
    blueprint = covered("Creating a line item increases its order's uses by the quantity.", before=shop())
    assert shorts(entity(blueprint, "line item").effects) == [
        {
            "operation": "create",
            "kind": "increase",
            "target": {"subject": "reference", "via": "order", "field": "uses"},
            "amount": {"field": "quantity"},
        }
    ]


def test_several_effects_of_one_sentence() -> None:
    blueprint = covered(
        *SHOP, 'Cancelling an order sets its note to "off" and its gift to false, and reduces its uses by 1.'
    )
    assert [(each.kind, each.target.field) for each in entity(blueprint, "order").effects] == [
        ("set", "note"),
        ("set", "gift"),
        ("reduce", "uses"),
    ]


LIMITS = [
    ("An order can be reopened at most 3 times.", 3),
    ("Orders may be reopened no more than three times", 3),
    ("An order can be reopened up to 3 times.", 3),
    ("An order can only be reopened once.", 1),
    ("An order can be reopened only once.", 1),
    ("An order can be reopened once.", 1),
    ("An order can be reopened at most twice.", 2),
    ("An order can be reopened at most 1 time.", 1),
    ("An order cannot be reopened more than twelve times.", 12),
    ("An order can't be reopened more than once.", 1),
]


@pytest.mark.parametrize(("sentence", "times"), LIMITS)
def test_an_action_is_limited_for_each_resource(sentence: str, times: int) -> None:
    (limit,) = shorts(entity(covered(sentence, before=shop()), "order").limits)
    assert limit == {"operation": "reopen", "per": "self", "times": times}


def test_a_limit_on_the_object_of_an_action_is_per_object() -> None:
    for sentences in (
        (APPLYING, "A discount code can be applied at most 3 times."),
        ("A discount code can be applied at most 3 times.", APPLYING),
    ):
        order = entity(covered(*SHOP, *sentences), "order")
        assert shorts(order.limits) == [{"operation": "apply discount code", "per": "object", "times": 3}]


ACCESS = [
    ("Only an admin can create or delete orders.", {"create": ["admin"], "delete": ["admin"]}),
    ("Only admins may create, and delete orders", {"create": ["admin"], "delete": ["admin"]}),
    ("Only the admin can pay an order.", {"pay": ["admin"]}),
    ("Only an admin or a shop Manager can pay orders.", {"pay": ["admin", "shop-Manager"]}),
    ("Only night porters, admins and clerks can pay orders.", {"pay": ["night-porter", "admin", "clerk"]}),
    ("Orders can only be created or paid by an admin.", {"create": ["admin"], "pay": ["admin"]}),
    ("Orders can be created only by admins.", {"create": ["admin"]}),
    ("Only an admin can apply discount codes to orders.", {"apply discount code": ["admin"]}),
    ("Only an admin can archive orders.", {"archive": ["admin"]}),
]


@pytest.mark.parametrize(("sentence", "expected"), ACCESS)
def test_only_roles_can_do_something(sentence: str, expected: dict[str, list[str]]) -> None:
    access = entity(covered(sentence, before=shop()), "order").access
    assert {each.operation: list(each.roles) for each in access} == expected


def test_a_role_can_be_needed_for_several_entities() -> None:
    blueprint = covered("Only an admin can delete orders or line items.", before=shop())
    assert [each.operation for name in ("order", "line item") for each in entity(blueprint, name).access] == [
        "delete"
    ] * 2


SPEEDS: list[tuple[str, dict[str, Any]]] = [
    (
        "Listing orders answers within 200 ms at the 95th percentile under 50 requests per second.",
        {"operation": "list", "latency_ms": 200, "percentile": "95", "requests_per_second": 50},
    ),
    (
        "Creating an order responds within 0.5 seconds at p99",
        {"operation": "create", "latency_ms": 500, "percentile": "99"},
    ),
    (
        "Paying an order answers in under 80ms for 99.9 % of requests.",
        {"operation": "pay", "latency_ms": 80, "percentile": "99.9"},
    ),
    (
        "Reading an order answers within 1 second at 20 rps at the 90 percentile.",
        {"operation": "read", "latency_ms": 1000, "percentile": "90", "requests_per_second": 20},
    ),
]


@pytest.mark.parametrize(("sentence", "expected"), SPEEDS)
def test_an_operation_answers_within_a_time(sentence: str, expected: dict[str, Any]) -> None:
    assert shorts(covered(sentence, before=shop()).speeds) == [{"entity": "order", **expected}]


REFUSED = [
    ("Cancelling an order is rejected with 409.", "does not say which ones"),
    ("Cancelling an order that is paid is rejected with 500.", "500 is not a rejection"),
    ("Cancelling an order that is paid is rejected with 200.", "200 is not a rejection"),
    ("Cancelling an order that is paid is rejected with 409 tomorrow.", "'tomorrow' is not understood"),
    ("Cancelling an order that is unpaid is rejected with 409.", "'unpaid' is not a state"),
    ("Cancelling an order that is not paid or shipped is rejected with 409.", "is ambiguous"),
    ("Cancelling a spaceship that is paid is rejected with 409.", "unknown entity 'spaceship'"),
    ("Cancelling an order with a mood over 5 is rejected with 409.", "no field 'mood'"),
    ("Cancelling an order with a size over 5 is rejected with 409.", "not a number"),
    ("Cancelling an order with a size of huge is rejected with 409.", "'huge' is not a valid value"),
    ("Cancelling an order with size huge is rejected with 409.", "'huge' is not a valid value"),
    (
        "Cancelling an order with a total of plenty is rejected with 409.",
        "no field 'plenty'",
    ),
    ("Cancelling an order with a total before 5 is rejected with 409.", "not a date"),
    ("Cancelling an order with a due date over 5 is rejected with 409.", "use 'before' or 'after'"),
    ("Cancelling an order with a due date after today is rejected with 409.", "only as 'before today'"),
    ("Cancelling an order with a total over its due date is rejected with 409.", "cannot be compared"),
    ("Cancelling an order with a total over 50 % is rejected with 409.", "not a percentage"),
    ("Cancelling an order with a missing total is rejected with 409.", "always has a total"),
    ("Cancelling an order that has no discount codes is rejected with 409.", "do not belong"),
    ("Cancelling an order with more than 2.5 line items is rejected with 409.", "whole number"),
    ("Creating an order with more than 3 line items is rejected with 409.", "no line items yet"),
    ("Creating an order that is paid is rejected with 409.", "always starts as draft"),
    ("Creating an order with status paid is rejected with 409.", "always starts as draft"),
    ("Creating a line item of a discount code that is expired is rejected with 409.", "does not belong"),
    ("Cancelling two orders that are paid is rejected with 409.", "one resource at a time"),
    ("Listing orders that are paid is rejected with 409.", "listing orders is never rejected"),
    ("Quickly cancelling an order that is paid is rejected with 409.", "not a verb"),
    ("Cancelling an expired line item is rejected with 409.", "has no date"),
    ("Payying an order that is paid is rejected with 409.", "did you mean 'pay'?"),
    ("Creating back an order with a total over 5 is rejected with 409.", "not a single verb"),
    ("Cancelling an order that is paid reduces its total by 1.", "cannot depend on conditions"),
    ("Reading an order increases its uses by 1.", "changes nothing"),
    ("Deleting an order increases its uses by 1.", "cannot be changed"),
    ("Cancelling an order sets its status to paid.", "goes from"),
    ("Cancelling an order increases its size by 1.", "can be set but not"),
    ("Cancelling an order increases its uses by 0.5.", "is not a valid value"),
    ("Cancelling an order increases its uses by its total.", "cannot change by"),
    ("Cancelling an order increases its uses by -1.", "cannot be negative"),
    ("Cancelling an order sets its size to medium.", "is not a valid value"),
    ("Cancelling an order sets its note to nothing.", "put a text in quotes"),
    ("Cancelling an order sets its total to its note.", "cannot hold"),
    ("Cancelling an order sets its due date to today.", "is not a valid value"),
    ("Cancelling an order reduces the code's percent by 1.", "no 'code' takes part"),
    ("Cancelling an order reduces its mood by 1.", "no field 'mood'"),
    ("An order can be paid 0 times.", "at least one time"),
    ("An order can be updated at most 3 times.", "only actions can be limited"),
    ("A spaceship can be paid at most 3 times.", "unknown entity 'spaceship'"),
    ("Orders cannot be paid more than once a day.", "needs a model: "),
    ("Only an admin can cancel orders that are paid.", "cannot depend on conditions"),
    ("Only someone can cancel orders.", "not a role"),
    ("Only a non-admin can cancel orders.", "not a role"),
    ("Only the admin role can cancel orders.", "not a role"),
    ("Only an admin can payy orders.", "unknown verb"),
    ("Only an admin can sleep.", "what to apply 'sleep' to"),
    ("Only an admin can manage orders.", "could mean several operations"),
    ("Only an admin can sometimes delete orders.", "unknown verb"),
    ("Exploding an order answers within 20 ms at p95.", "no sentence says what 'explode'"),
    ("Listing orders answers within 20 ms.", "give one percentile"),
    ("Listing 200 orders answers within 20 ms at p95.", "one resource at a time"),
    ("Listing orders that are paid answers within 20 ms at p95.", "remove the condition"),
]


@pytest.mark.parametrize(("sentence", "why"), REFUSED)
def test_a_rule_that_makes_no_sense_is_refused_with_the_reason(sentence: str, why: str) -> None:
    reading = last(sentence, before=shop())
    assert reading.outcome == "not_covered", reading.readings
    assert why in reading.why


@pytest.mark.parametrize(
    "rule", ["Deleting an order that is paid is rejected with 409.", "Only an admin can delete orders."]
)
def test_a_rule_about_an_operation_that_is_not_offered_is_refused(rule: str) -> None:
    reading = last(*SHOP, rule, "Orders can be created and read.", rule)
    assert reading.outcome == "not_covered"
    assert "orders cannot be deleted" in reading.why
    assert "S.9" in reading.why


def test_every_verb_is_for_every_noun() -> None:
    zoo = covered(
        "A goose has a name (text).",
        "A feather has a name (text).",
        "Only an admin can read or list geese and feathers.",
        "Only a keeper can create, update or delete geese or feathers.",
    )
    for name in ("goose", "feather"):
        allowed = {each.operation: each.roles for each in entity(zoo, name).access}
        assert allowed == {
            "read": ("admin",), "list": ("admin",),
            "create": ("keeper",), "update": ("keeper",), "delete": ("keeper",),
        }  # fmt: skip


def test_an_action_with_an_object_is_not_said_without_it() -> None:
    reading = story(
        "A bill has a total (money).",
        "A coupon has a code (text, unique) and an amount (money).",
        "Applying a coupon to a bill reduces the bill's total by the amount.",
        "A bill can be applied at most 3 times.",
        "A coupon can be applied at most once.",
    )
    assert [each.outcome for each in reading.criteria] == ["covered"] * 3 + ["not_covered", "covered"]
    assert "state what is done with a coupon" in reading.criteria[3].why


def test_several_in_one_sentence_are_named() -> None:
    reading = story(
        "A goose has a name (text).", "A nest has a name (text).", "Geese and nests can be created and read."
    )
    assert "one sentence for each" in reading.criteria[2].why
