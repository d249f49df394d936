from __future__ import annotations

from typing import Any

import pytest

from tests.tools.blueprint.reader.stories import SHOP, covered, entity, last, shop, short, shorts, story

FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("a name (text)", {"name": "name", "type": "text"}),
    ("a name (string)", {"name": "name", "type": "text"}),
    ("a name (a text)", {"name": "name", "type": "text"}),
    ("an Email (Email, Unique)", {"name": "email", "type": "email", "unique": True}),
    ("a count (whole number)", {"name": "count", "type": "integer"}),
    ("a ratio (number, 0.5 to 1.5)", {"name": "ratio", "type": "number", "minimum": "0.5", "maximum": "1.5"}),
    ("a ratio (number between 1 and 2)", {"name": "ratio", "type": "number", "minimum": "1", "maximum": "2"}),
    ("a price (money, at least 1,000)", {"name": "price", "type": "money", "minimum": "1000"}),
    ("a price (money, at most 20)", {"name": "price", "type": "money", "maximum": "20"}),
    ("a price (money, no more than 20)", {"name": "price", "type": "money", "maximum": "20"}),
    ("a price (money, up to 20)", {"name": "price", "type": "money", "maximum": "20"}),
    ("a price (money, default 9.9)", {"name": "price", "type": "money", "default": "9.9"}),
    ("a rank (integer, default -3)", {"name": "rank", "type": "integer", "default": -3}),
    ("a rank (integer, one to five)", {"name": "rank", "type": "integer", "minimum": "1", "maximum": "5"}),
    ("a flag (boolean, default yes)", {"name": "flag", "type": "boolean", "default": True}),
    ("a flag (boolean, defaults to false)", {"name": "flag", "type": "boolean", "default": False}),
    ("a day (date, default 2024-02-29)", {"name": "day", "type": "date", "default": "2024-02-29"}),
    ("a start (timestamp, optional)", {"name": "start", "type": "timestamp", "optional": True}),
    ("a link (url, unique, optional)", {"name": "link", "type": "url", "unique": True, "optional": True}),
    ("a key (uuid)", {"name": "key", "type": "uuid"}),
    (
        "a code (text, 4 to 20 characters)",
        {"name": "code", "type": "text", "min_length": 4, "max_length": 20},
    ),
    (
        "a code (text of 4 to 20 characters)",
        {"name": "code", "type": "text", "min_length": 4, "max_length": 20},
    ),
    ("a code (text, exactly 6 chars)", {"name": "code", "type": "text", "min_length": 6, "max_length": 6}),
    ("a code (text, at least one character)", {"name": "code", "type": "text", "min_length": 1}),
    (
        "a note (text, up to 1,000 characters, optional)",
        {"name": "note", "type": "text", "max_length": 1000, "optional": True},
    ),
    (
        'a note (text, default "plain, (brown)")',
        {"name": "note", "type": "text", "default": "plain, (brown)"},
    ),
    ("a note (text, default 'it is')", {"name": "note", "type": "text", "default": "it is"}),
    ("a note (text, default “curly”)", {"name": "note", "type": "text", "default": "curly"}),
    (
        "a code (text, matching /[A-Z]{2}-\\d+(,x)?/)",
        {"name": "code", "type": "text", "pattern": "[A-Z]{2}-\\d+(,x)?"},
    ),
    ("a path (text, matching /a\\/b/)", {"name": "path", "type": "text", "pattern": "a/b"}),
    (
        "a size (one of small, medium or Extra Large)",
        {"name": "size", "type": "choice", "choices": ["small", "medium", "Extra-Large"]},
    ),
    (
        "a grade (one of a, b, or c, default b)",
        {"name": "grade", "type": "choice", "choices": ["a", "b", "c"], "default": "b"},
    ),
    (
        "a grade (one of: 5, 10, optional)",
        {"name": "grade", "type": "choice", "choices": ["5", "10"], "optional": True},
    ),
    ('a mark (one of "A+" or "A")', {"name": "mark", "type": "choice", "choices": ["A+", "A"]}),
    ("servings (integer)", {"name": "servings", "type": "integer"}),
    ("a date of birth (date)", {"name": "date of birth", "type": "date"}),
    ("a number of seats (integer)", {"name": "number of seats", "type": "integer"}),
    ("an in stock (boolean)", {"name": "in stock", "type": "boolean"}),
    ("a from (date)", {"name": "from", "type": "date"}),
    ("a needs review (boolean)", {"name": "needs review", "type": "boolean"}),
    ("an e-mail (email)", {"name": "e-mail", "type": "email"}),
]


@pytest.mark.parametrize(("said", "expected"), FIELDS)
def test_a_field_has_its_type_and_constraints(said: str, expected: dict[str, Any]) -> None:
    fields = entity(covered(f"A thing has {said}."), "thing").fields
    assert shorts(fields) == [expected]


@pytest.mark.parametrize(
    "sentence",
    [
        "A gift card has a code (text), a balance (money) and a holder (email).",
        "a gift card has a code (text), a balance (money), and a holder (email)",
        "Every gift card has: a code (text), a balance (money) and a holder (email).",
        "Gift cards have a code (text), a balance (money) and a holder (email).",
        "EACH GIFT CARD HAS THE CODE (TEXT), THE BALANCE (MONEY) AND THE HOLDER (EMAIL).",
        "A gift card has a code (text) and a balance (money), a holder (email).",
        "A gift card must have code (text), balance (money), holder (email)!",
    ],
)
def test_the_wordings_of_the_entity_form_say_the_same(sentence: str) -> None:
    blueprint = covered(sentence)
    assert [each.name for each in blueprint.entities] == ["gift card"]
    assert [each.name for each in entity(blueprint, "gift card").fields] == ["code", "balance", "holder"]


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("People have a name (text).", "person"),
        ("Knives have a length (number).", "knife"),
        ("Points of sale have a name (text).", "point of sale"),
        ("An SMS has a body (text).", "sms"),
        ("SKUs have a name (text).", "sku"),
        ("A series has a title (text).", "series"),
        ("A check in has a day (date).", "check in"),
        ("An answer has a body (text).", "answer"),
        ("Answers have a body (text).", "answer"),
        ("A to-do has a title (text).", "to-do"),
        ("A will has a testator (text).", "will"),
    ],
)
def test_an_entity_is_named_in_the_singular(sentence: str, name: str) -> None:
    assert [each.name for each in covered(sentence).entities] == [name]


def test_names_that_hold_words_of_the_grammar_are_known_wherever_they_stand() -> None:
    blueprint = covered(
        "Reading a number with a from after its to is rejected with 409.",
        "A number has a from (date), a to (date), an in stock (boolean) and a number (integer).",
        "Numbers can be filtered by in stock and number, and sorted by from.",
        "Deleting a number that is not in stock is rejected with 409.",
        "Deleting a number with a number over 5 is rejected with 422.",
    )
    number = entity(blueprint, "number")
    assert [each.field for each in number.filters] == ["in stock", "number"]
    assert [each.status for each in number.guards] == [409, 409, 422]


INPUTS = [
    "Paying an order requires a reference (text, 6 to 40 characters).",
    "Paying orders requires a reference (text, 6 to 40 characters)",
    "Paying the order needs a reference (text, 6 to 40 characters).",
    "Paying an order takes reference (text of 6 to 40 characters).",
]


@pytest.mark.parametrize("sentence", INPUTS)
def test_an_action_takes_inputs(sentence: str) -> None:
    order = entity(covered(sentence, before=shop()), "order")
    pay = order.action("pay")
    assert pay is not None
    assert shorts(pay.inputs) == [{"name": "reference", "type": "text", "min_length": 6, "max_length": 40}]


def test_an_input_makes_its_action_exist_even_with_an_object() -> None:
    blueprint = covered(
        *SHOP, "Applying a discount code to an order requires a reason (text) and a day (date, optional)."
    )
    action = entity(blueprint, "order").action("apply discount code")
    assert action is not None
    assert (action.verb, action.object) == ("apply", "discount code")
    assert [each.name for each in action.inputs] == ["reason", "day"]


COMPUTED = [
    (
        "An order's worth is the sum of its line items' quantity times price.",
        "worth",
        "money",
        ["quantity", "price"],
    ),
    (
        "The worth of an order is the sum of quantity times price of its line items.",
        "worth",
        "money",
        ["quantity", "price"],
    ),
    (
        "An order's worth equals the sum of the line items' price multiplied by quantity",
        "worth",
        "money",
        ["price", "quantity"],
    ),
    ("An order's pieces is the sum of its line items' quantities.", "pieces", "integer", ["quantity"]),
    ("An order's item count is the number of its line items.", "item count", "integer", None),
    ("The item count of an order is the count of its line items.", "item count", "integer", None),
]


@pytest.mark.parametrize(("sentence", "name", "kind", "factors"), COMPUTED)
def test_a_field_is_computed_over_children(
    sentence: str, name: str, kind: str, factors: list[str] | None
) -> None:
    spec = entity(covered(sentence, before=shop()), "order").field(name)
    assert spec is not None
    assert spec.type == kind
    assert spec.computed is not None
    said = {"kind": "count" if factors is None else "sum", "child": "line item", "reference": "order"}
    assert short(spec.computed) == (said if factors is None else said | {"factors": factors})


def test_a_declared_field_that_is_computed_keeps_its_declared_type_and_bounds() -> None:
    blueprint = covered(
        "An order has a total (money, at least 0, default 0).",
        "A line item has a quantity (integer).",
        "A line item belongs to an order.",
        "An order's total is the sum of its line items' quantity.",
    )
    total = entity(blueprint, "order").field("total")
    assert total is not None
    assert total.computed is not None
    assert (total.type, str(total.minimum), total.default, total.required) == ("money", "0", None, False)


REFUSED_FIELDS = [
    ("a size (varchar)", "'varchar' is not a type"),
    ("a size", "has no type"),
    ("line items", "has no type"),
    ("a rank (integer, 90 to 1)", "at least 90 and at most 1"),
    ("a rank (integer, 1 to 10, default 11)", "over its maximum of 10"),
    ("a rank (integer, default plenty)", "is not a valid value"),
    ("a rank (integer, at least 0.5)", "whole numbers"),
    ("a rank (integer, at least 99999999999999999999)", "64 bits"),
    ("a rank (integer, at least 1, 2 to 5)", "two minimums"),
    ("a rank (integer, up to 5 characters)", "cannot have these bounds"),
    ("a price (money, at least 0.001)", "two decimals"),
    ("a name (text, 1 to 10)", "length in characters"),
    ("a name (text, matching /[/)", "not a valid regular expression"),
    ("a name (text, matching /(/)", "not a valid regular expression"),
    ('a name (text, up to 3 characters, default "long")', "longer than 3"),
    ("a name (text, matching /[a-z]+/, default A)", "does not match"),
    ("a rank (integer, matching /a/)", "only text"),
    ("a day (date, default 2023-02-29)", "is not a valid value"),
    ("a moment (timestamp, default 2023-02-01T10:00:00)", "is not a valid value"),
    ("a size (one of a or b, default c)", "is not a valid value"),
    ("a size (one of a, b or a)", "twice"),
    ("a size (one of 100,200 or 300)", "one number or several"),
    ('a size (one of "../x" or b)', "cannot be a value"),
    ("a name (text, integer)", "one type"),
    ("a name (unique)", "one type"),
    ("a name (text, optional, required)", "optional and required"),
    ("an id (text)", "already"),
    ("a created at (timestamp)", "already"),
    ("an Updated-At (timestamp)", "already"),
    ("a unit price (money) and a unit-price (money)", "same spelling"),
    ("a name (text) and a name (text)", "twice"),
    ("a ../../etc/passwd (text)", "not a valid name"),
    ("a {{ 7*7 }} (text)", "not a valid name"),
    ("a naïve (text)", "not a valid name"),
    ("a 2nd line (text)", "not a valid name"),
    ("a very very very very very very very very very very long name (text)", "too long"),
    ("no name (text)", "not a field name"),
    ("several names (text)", "not a field name"),
    ("at least one name (text)", "not a field name"),
]


@pytest.mark.parametrize(("said", "why"), REFUSED_FIELDS)
def test_a_field_that_makes_no_sense_is_refused_with_the_reason(said: str, why: str) -> None:
    reading = last(f"A thing has {said}.")
    assert reading.outcome == "not_covered"
    assert why in reading.why
    assert reading.readings == ()
    assert reading.operations == ()


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("An order does not have a memo (text).", "not a valid name"),
        ("Some orders have a memo (text).", "not a valid name"),
        ("An order usually has a memo (text).", "not a valid name"),
        ("They have a memo (text).", "not a valid name"),
        ("A new order with notes has a memo (text).", "not a valid name"),
        ("An order for members has a memo (text).", "beside 'order'"),
        ("A new order has a memo (text).", "selects one order"),
        ("A metric has a name (text).", "/metrics"),
        ("Creating an order requires a code (text).", "write 'An order also has ...' instead"),
        ("Paying an order that is draft requires a code (text).", "remove the condition"),
        ("Paying an order requires a size (one of huge or tiny).", "restrict it to what the field can hold"),
        ("Paying an order requires a key (text, unique).", "cannot be unique"),
        ("An order's worth is the sum of its line items' name.", "no field 'name'"),
        ("An order's worth is the sum of its rows' price.", "unknown entity 'row'"),
        ("An order's worth is the number of its discount codes.", "do not belong to an order"),
        ("A discount code's worth is the sum of its orders' note.", "do not belong"),
        ("An order's status is the number of its line items.", "holds the states"),
    ],
)
def test_a_sentence_about_fields_that_makes_no_sense_is_refused(sentence: str, why: str) -> None:
    reading = last(sentence, before=shop())
    assert reading.outcome == "not_covered"
    assert why in reading.why


def test_a_declared_text_cannot_be_computed() -> None:
    reading = last(*SHOP, "An order's customer is the number of its line items.")
    assert reading.outcome == "not_covered"
    assert "cannot hold a computed integer" in reading.why


def test_what_also_has_something_is_there() -> None:
    made = covered("An order also has a note (text).", "An order has a total (money).")
    assert [each.name for each in entity(made, "order").fields] == ["note", "total"]
    lent = covered(
        "A book has a title (text).", "A loan also has a due date (date).", "A loan belongs to a book."
    )
    assert [each.name for each in entity(lent, "loan").fields] == ["due date"]
    reading = story("An order has a total (money).", "An ordr also has a note (text).")
    assert [each.outcome for each in reading.criteria] == ["covered", "not_covered"]
    assert "did you mean 'order'?" in reading.criteria[1].why


def test_choices_may_be_ordinals() -> None:
    made = covered("A tour has a class (one of 1st, 2nd or 3rd, default 2nd).")
    kind = entity(made, "tour").field("class")
    assert kind is not None
    assert (kind.choices, kind.default) == (("1st", "2nd", "3rd"), "2nd")


@pytest.mark.parametrize(
    ("field", "outcome"),
    [
        ("a flag (boolean, unique)", "not_covered"),
        ("a flag (boolean, unique, optional)", "covered"),
        ("a medal (one of gold or silver, unique)", "not_covered"),
        ("a medal (one of gold, silver or bronze, unique)", "covered"),
        ("a rank (integer, 1 to 9, unique)", "not_covered"),
        ("a rank (integer, 1 to 10, unique)", "covered"),
        ("a code (text, matching /(?=.*[0-9])[A-Z0-9]{3}/)", "not_covered"),
        (r"a code (text, matching /\(=[A-Z]{3}\)/)", "covered"),
    ],
)
def test_what_no_test_could_tell_is_not_covered(field: str, outcome: str) -> None:
    assert last(f"A team has {field}.").outcome == outcome
