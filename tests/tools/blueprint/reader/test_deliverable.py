"""What could be read but not delivered is refused, with the reason."""

from __future__ import annotations

import pytest

from tests.tools.blueprint.reader.stories import last

REFUSED: list[tuple[str, str]] = [
    (
        "A voucher has a code (text, up to 3 characters, matching /[A-Z]{5}/).",
        "up to 3 characters and matching",
    ),
    ("A flag has a state (text, unique, matching /[A-B]{1}/).", "'state' has only 2 values"),
    ("A flag has a state (text, unique, matching /(on|off|idle)/).", "'state' has only 3 values"),
    (
        "A flag has a state (text, unique, matching /[ab]{1,2}c?/, exactly 1 character).",
        "'state' has only 2 values",
    ),
    ("A coin has a worth (money, 0.01 to 0.05, unique).", "'worth' has only 5 values"),
    ("A coin has a worth (integer, 1 to 9, unique).", "'worth' has only 9 values"),
    ("A coin has a worth (number, 3 to 3, unique).", "'worth' has only 1 values"),
    ("A page has an address (url, up to 6 characters).", "no value of 'address' was found"),
    ("A page has a contact (email, up to 3 characters).", "no value of 'contact' was found"),
    ("A page has a name (text, unique, default home).", "'name' is unique, so it cannot have a default"),
]


@pytest.mark.parametrize(("sentence", "why"), REFUSED)
def test_fields_without_enough_values_are_refused(sentence: str, why: str) -> None:
    reading = last(sentence)

    assert reading.outcome == "not_covered"
    assert why in reading.why


def test_fields_with_just_enough_values_are_covered() -> None:
    for constraint in (
        "matching /[0-9]/",
        "matching /[A-Z]{5}/, exactly 5 characters",
        "at least 50 characters",
    ):
        assert last(f"A flag has a state (text, unique, {constraint}).").outcome == "covered"
    assert last("A flag has a note (text, at least 50 characters, matching /[a-z ]+/).").outcome == "covered"
    assert last("A coin has a worth (money, 0.01 to 0.10, unique).").outcome == "covered"


IMPOSSIBLE = [
    "Creating a cart with a total at least 0 is rejected with 422.",
    "Creating a cart with a total under 100 is rejected with 422.",
    "Creating a cart that is not gift is rejected with 422.",
    "Creating a cart reduces its stock by 30.",
]


@pytest.mark.parametrize("sentence", IMPOSSIBLE)
def test_a_rule_that_no_create_could_pass_is_refused(sentence: str) -> None:
    cart = (
        "A cart has a total (money, 0 to 99), a stock (integer, 0 to 20) and a gift (boolean, default false)."
    )
    before = "Creating a cart that is gift is rejected with 422."

    reading = last(cart, before, sentence)

    assert reading.outcome == "not_covered"
    assert "no request that creates a cart would be accepted" in reading.why
