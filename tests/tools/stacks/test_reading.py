"""A sentence that contradicts another, or itself, is refused before anything is built, with the reason."""

from __future__ import annotations

import pytest

from tools.blueprint.model import Blueprint
from tools.blueprint.reader import CriterionReading
from tools.stacks.reading import read_testable

SHOP = (
    "An order has a customer (email), a note (text, up to 20 characters, optional), a total (money, at least 0), "
    "a count (integer, 1 to 5), a due date (date) and a gift (boolean).",
    "An order starts as draft.",
    "An order goes from draft to paid when it is paid.",
    "An order goes from paid to shipped when it is shipped.",
    "A line item has a quantity (integer, at least 1) and a price (money).",
    "A line item belongs to an order.",
    "A code has a text (text, unique), a percent (integer, 1 to 90) and an expiry date (date).",
)
CONTRADICTIONS = [
    ("A box has a size (integer, 5 to 1).", "no value of 'size' can be at least 5 and at most 1"),
    ("A box has a name (text, 10 to 4 characters).", "no value of 'name' can be at least 10 and at most 4"),
    ("A box has a size (integer, 1 to 5, default 9).", "the default of 'size' is over its maximum of 5"),
    (
        'A box has a name (text, up to 3 characters, default "long name").',
        "the default of 'name' is longer than 3 characters",
    ),
    (
        "A box has a color (one of red or blue, default green).",
        "'green' is not a valid value for 'color', which is one of red, blue",
    ),
    (
        'A box has a name (text, matching /[A-Z]{3}/, default "abc").',
        "the default of 'name' does not match /[A-Z]{3}/",
    ),
    ('A box has a size (integer, default "x").', "'x' is not a valid value for 'size', which is an integer"),
    ("A box has a name (text, 1 to 5).", "'name' is text"),
    ("A box has a flag (boolean, at least 1).", "'flag' is boolean, which cannot have these bounds"),
    ("A box has a size (integer) and a size (text).", "'size' appears twice"),
    (
        "A box has a size (integer, default 1, unique).",
        "'size' is unique, so it cannot have a default: a second resource without it would be refused",
    ),
    ("A box has a flag (boolean, unique).", "'flag' has only 2 values, too few for a unique field"),
    (
        "A box has a day (date, default 2030-02-30).",
        "'2030-02-30' is not a valid value for 'day', which is a date",
    ),
    (
        'A box has a mail (email, default "nobody").',
        "'nobody' is not a valid value for 'mail', which is an email",
    ),
    (
        "A box has a price (money, 1.001 to 1.009).",
        "the bounds of 'price' must be amounts of money with two decimals",
    ),
    (
        "A box has a size (integer, 1.5 to 1.8).",
        "the bounds of 'size' must be whole numbers of at most 64 bits",
    ),
    ("A box has an id (integer).", "every resource already has 'id'"),
    ("A box has a created at (timestamp).", "every resource already has 'created at'"),
    (
        "A box has a code (text, up to 3 characters, matching /[A-Z]{5}/).",
        "no value of 'code' was found that is text, up to 3 characters and matching /[A-Z]{5}/",
    ),
    (
        "A box has a state (text, unique, matching /[A-B]{1}/).",
        "'state' has only 2 values, too few for a unique field",
    ),
    (
        "A box has a worth (money, 0.01 to 0.05, unique).",
        "'worth' has only 5 values, too few for a unique field",
    ),
    ("A box has a size (integer, 1 to 3, unique).", "'size' has only 3 values, too few for a unique field"),
    (
        "A box has a color (one of red or blue, unique).",
        "'color' has only 2 values, too few for a unique field",
    ),
    (
        "A box has a name (text, at least 20000 characters).",
        "no value of 'name' can be at least 20000 and at most 10000",
    ),
    (
        "A box has a size (integer, at least 99999999999999999999).",
        "the bounds of 'size' must be whole numbers of at most 64 bits",
    ),
    (
        "A box has a mail (email, at least 300 characters).",
        "no value of 'mail' can be at least 300 and at most 254",
    ),
    ("A box has a color (one of red, red or blue).", "'color' lists the same choice twice"),
    (
        "A box has a name (text, matching /a{5}/, up to 4 characters).",
        "no value of 'name' was found that is text, up to 4 characters and matching /a{5}/",
    ),
    ("An order starts as paid.", "it contradicts what is already specified: An order starts as draft."),
    ("An order goes from lost to found when it is found.", "an order never becomes 'lost'"),
    (
        "An order goes from draft to shipped when it is paid.",
        "it contradicts what is already specified (S.3): An order goes from draft to paid when it is paid.",
    ),
    (
        "Creating an order with a count under 6 is rejected with 422.",
        "with it, no request that creates an order would be accepted",
    ),
    (
        "Creating an order with a total at least 0 is rejected with 422.",
        "with it, no request that creates an order would be accepted",
    ),
    (
        "Creating an order with a note over 10 is rejected with 422.",
        "'note' is not a number, so it cannot be over or under a value",
    ),
    ("Creating an order with a total over 10 is rejected with 200.", "200 is not a rejection"),
    ("Creating an order with a total over 10 is rejected with 999.", "999 is not a rejection"),
    ("Paying an order that is draft is rejected with 409.", "no sequence of requests can show what it says"),
    (
        "Paying an order that is lost is rejected with 409.",
        "'lost' is not a state, choice or boolean field of order, whose states are draft, paid and shipped",
    ),
    ("Shipping an order that is paid is rejected with 409.", "no sequence of requests can show what it says"),
    ("Creating an order with a colour over 10 is rejected with 422.", "order has no field 'colour'"),
    (
        "Creating an order with a total under 10 and a total over 20 is rejected with 422.",
        "no sequence of requests can show what it says",
    ),
    (
        "Deleting an order that is paid and draft is rejected with 409.",
        "no sequence of requests can show what it says",
    ),
    (
        "Creating an order with a due date before its total is rejected with 422.",
        "'due date' is date and 'total' is money",
    ),
    ("Paying an order sets its count to 9.", "the value of 'count' is over its maximum of 5"),
    (
        "Paying an order reduces its note by 1.",
        "'note' is text, which can be set but not reduced or increased",
    ),
    ("Paying an order sets its gift to 7.", "'7' is not a valid value for 'gift', which is true or false"),
    (
        "Paying an order increases its customer by 1.",
        "'customer' is email, which can be set but not reduced or increased",
    ),
    ("Paying an order sets its total to -1.", "the value of 'total' is under its minimum of 0"),
    (
        'Paying an order sets its note to "this is a note longer than twenty".',
        "the value of 'note' is longer than 20 characters",
    ),
    (
        "Paying an order sets its status to draft.",
        "write 'An order goes from ... to ... when ...' to change the status",
    ),
    ('Paying an order sets its colour to "red".', "order has no field 'colour'"),
    ("Paying an order increases its count by 10.", "no sequence of requests can show what it says"),
    ("Paying an order reduces its total by 150 percent.", "no sequence of requests can show what it says"),
    (
        "Applying a code to an order reduces the order's total by the code's text.",
        "'text' is text, so it cannot be an amount of change",
    ),
    ("A line item belongs to a truck.", "unknown entity 'truck'"),
    ("An order belongs to an order.", "an order and an order would each require the other"),
    ("An order has many orders.", "an order and an order would each require the other"),
    ("An order's total is the sum of its codes' percent.", "'codes' do not belong to an order"),
    ("An order's total is the sum of its line items' colour.", "line item has no field 'colour'"),
    (
        "An order's note is the number of its line items.",
        "'note' is declared as text, which cannot hold a computed integer",
    ),
    ("A line item's price is the sum of its orders' total.", "'orders' do not belong to a line item"),
    (
        "Orders can be created and flown.",
        "'flown' is not one of the plain operations create, list, read",
    ),
    ("Trucks can be created.", "unknown entity 'truck'"),
    ("Orders can be filtered by colour.", "order has no field 'colour'"),
    ("A code can be applied at most 0 times.", "a limit must allow at least one time"),
    (
        "An order can be paid at most -1 times.",
        "-1 is a count, so it must be a whole number, at most 1,000,000",
    ),
    (
        "An order can be created at most 3 times.",
        "only actions can be limited, and create is a plain operation",
    ),
    ("A truck can be applied at most 3 times.", "unknown entity 'truck'"),
    (
        "Given an order with status draft, when it is shipped, then its status is shipped.",
        "which never lead to this result",
    ),
    (
        "Given an order with count 9, when it is paid, then its status is paid.",
        "the value of 'count' is over its maximum of 5",
    ),
    (
        "Given an order with status draft, when it is paid, then its status is draft.",
        "which never lead to this result",
    ),
    (
        "Given an order with status paid, when it is paid, then it is created.",
        "nothing is created in this example",
    ),
    (
        "Given an order with status lost, when it is paid, then it is rejected with 409.",
        "'lost' is not a valid value for 'status', which is one of draft, paid, shipped",
    ),
    (
        "Given an order with status draft, when it is paid, then it is rejected with 409.",
        "which never lead to this result",
    ),
    (
        "Given an order with total 10, when it is paid, then its total is 11.",
        "which never lead to this result",
    ),
    ("Given 2 orders, when orders are listed, then 3 orders are listed.", "which never lead to this result"),
    (
        "Given an order with colour red, when it is paid, then its status is paid.",
        "order has no field 'colour red'",
    ),
]
CONSISTENT = [
    "Creating an order with a total under 0 is rejected with 422.",
    "Creating an order with a count over 5 is rejected with 422.",
    "Creating an order with a missing total is rejected with 422.",
    "Creating an order with a total under 10 is rejected with 422.",
    "Deleting an order that is paid is rejected with 409.",
    "Given an order with status draft, when it is paid, then its status is paid.",
    "Given an order with status draft, when it is shipped, then it is rejected with 409.",
    "Given 2 orders, when orders are listed, then 2 orders are listed.",
    "When an order is created with a count of 9, then it is rejected with 422.",
    "When an order is created with a due date of soon, then it is rejected with 422.",
    "When an order is created with a missing customer, then it is rejected with 422.",
]


def readings(*sentences: str) -> tuple[CriterionReading, ...]:
    """Read the sentences as one story for a new service."""
    numbered = [(f"S.{number}", each) for number, each in enumerate(sentences, start=1)]
    return read_testable(numbered, Blueprint(service="shop")).criteria


@pytest.mark.parametrize(("sentence", "why"), CONTRADICTIONS)
def test_a_contradiction_is_refused_with_its_reason(sentence: str, why: str) -> None:
    *others, last = readings(*SHOP, sentence)

    assert [each.outcome for each in others] == ["covered"] * len(SHOP)
    assert last.outcome != "covered"
    assert why in last.why


@pytest.mark.parametrize("sentence", CONSISTENT)
def test_what_can_be_shown_is_covered(sentence: str) -> None:
    assert [(each.outcome, each.why) for each in readings(*SHOP, sentence)] == [("covered", "")] * 8


def test_at_least_sixty_contradictions_are_tried() -> None:
    assert len({sentence for sentence, _ in CONTRADICTIONS}) >= 60
