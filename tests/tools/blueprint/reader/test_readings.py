"""Sentences with several meanings, and sentences that say other than what holds."""

from __future__ import annotations

import pytest

from tests.tools.blueprint.reader.stories import SHOP, covered, entity, last, shop, story

APPLYING = "Applying a discount code to an order reduces its total by the code's percent."

AMBIGUOUS: list[tuple[list[str], str, list[str]]] = [
    (
        ["A parcel has a sent date (date) and a due date (date)."],
        "Losing an expired parcel is rejected with 409.",
        ["with a sent date before today", "with a due date before today"],
    ),
    (
        [
            "A parcel has a paid (boolean).",
            "A parcel starts as new.",
            "A parcel goes from new to paid when it is paid.",
        ],
        "Losing a parcel that is paid is rejected with 409.",
        ["whose status is paid", "that is paid"],
    ),
    (
        ["A parcel has a size (one of big or small) and a shape (one of big or round)."],
        "Losing a parcel that is big is rejected with 409.",
        ["with a size of big", "with a shape of big"],
    ),
    (
        ["A coin has a worth (money).", "A purse has a worth (money)."],
        "Adding a coin to a purse increases its worth by 1.",
        ["coin's worth by 1", "purse's worth by 1"],
    ),
    (
        ["A purse has a worth (money) and an amount (money).", "Filling a purse requires an amount (money)."],
        "Filling a purse increases its worth by the amount.",
        ["by the purse's amount", "by the given amount"],
    ),
    (
        ["A purse has a worth (money) and an amount (money).", "Filling a purse requires an amount (money)."],
        "Filling a purse with an amount over 5 is rejected with 409.",
        ["whose amount is over 5", "with a given amount over 5"],
    ),
    (
        ["A post has a title (text).", "A page has a title (text).", "A post belongs to a page."],
        "Pinning a post on a page that has posts is rejected with 409.",
        ["(POST /posts/{id}/pin)", "(POST /pages/{id}/pin-post)"],
    ),
    (["A post has a title (text)."], "Only an admin can edit posts.", ["/edit)", "(PATCH /posts/{id})"]),
    (
        ["A post has a title (text)."],
        "Placing a post with title x is rejected with 409.",
        ["/place)", "(POST /posts)"],
    ),
    (
        [
            "A code has a title (text).",
            "An order has a total (money).",
            "Applying a code to an order reduces its total by 1.",
        ],
        "A code can be applied to an order at most 3 times.",
        ["in all", "to the same order"],
    ),
    (
        ["A post code has a name (text).", "A zip code has a name (text)."],
        "Codes can be filtered by name.",
        ["Post codes can", "Zip codes can"],
    ),
    ([], "A post has an optional remark (text).", ["remark (text, optional)", "an optional remark (text)"]),
]


@pytest.mark.parametrize(("context", "sentence", "readings"), AMBIGUOUS)
def test_a_sentence_with_two_meanings_is_ambiguous(
    context: list[str], sentence: str, readings: list[str]
) -> None:
    before = covered(*context) if context else None
    reading = last(sentence, before=before)
    assert reading.outcome == "ambiguous", reading
    assert len(reading.readings) == len(readings)
    for said, expected in zip(reading.readings, readings, strict=True):
        assert expected in said
    assert reading.why


@pytest.mark.parametrize(("context", "sentence", "readings"), AMBIGUOUS)
def test_an_ambiguous_sentence_adds_nothing(context: list[str], sentence: str, readings: list[str]) -> None:
    before = covered(*context) if context else None
    after = story(sentence, before=before).blueprint
    assert after.entities == (before.entities if before else ())


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        (
            ["A parcel has a sent date (date) and an expiry date (date)."],
            "Losing an expired parcel is rejected with 409.",
        ),
        (["A parcel has a sent date (date)."], "Losing an expired parcel is rejected with 409."),
        (
            ["A coin has a size (money).", "A purse has a worth (money)."],
            "Putting a coin into a purse increases its worth by its size.",
        ),
        (
            [
                "A purse has a worth (money) and an amount (money).",
                "Filling a purse requires an amount (money).",
            ],
            "Filling a purse increases its worth by its amount.",
        ),
        (
            ["A post has a title (text).", "Editing a post requires a reason (text)."],
            "Only an admin can edit posts.",
        ),
        (["A code has a name (text).", "A post code has a name (text)."], "Codes can be filtered by name."),
    ],
)
def test_a_sentence_that_only_looks_ambiguous_is_covered(context: list[str], sentence: str) -> None:
    assert last(sentence, before=covered(*context)).outcome == "covered"


CONTRADICTIONS = [
    (
        "An order also has a note (text, up to 300 characters, optional).",
        "An order has a note (text, optional).",
    ),
    ("An order has a total (integer).", "An order has a total (money, default 0)."),
    ("An order has a customer (email, unique).", "An order has a customer (email)."),
    ("An order has a gift (boolean, default true).", "a gift (boolean, default false)."),
    ("An order has a size (one of small, large or extra large, optional).", "small or extra-large"),
    ("An order starts as new.", "An order starts as draft."),
    (
        "An order goes from draft to settled when it is paid.",
        "An order goes from draft to paid when it is paid.",
    ),
    ("An order's total is the sum of its line items' price.", "An order has a total (money, default 0)."),
    ("An order's worth is the sum of its line items' quantity.", "line items' quantity times price."),
    ("Paying an order requires a reference (integer).", "Paying an order requires a reference (text)."),
    ("Cancelling an order that is paid is rejected with 422.", "is rejected with 409."),
    ('Cancelling an order sets its note to "lost".', 'sets the order\'s note to "gone".'),
    ("Cancelling an order reduces its uses by 2.", "reduces the order's uses by 1."),
    ("An order can be cancelled once.", "An order can be cancelled at most 3 times."),
    ("Only a manager can cancel orders.", "Only an admin can cancel orders."),
    (
        "Listing orders answers within 20 ms at p95.",
        "Listing orders answers within 200 ms at the 95th percentile.",
    ),
]
RULES = (
    "An order's worth is the sum of its line items' quantity times price.",
    "Paying an order requires a reference (text).",
    "Cancelling an order that is paid is rejected with 409.",
    'Cancelling an order sets its note to "gone".',
    "Cancelling an order reduces its uses by 1.",
    "An order can be cancelled at most 3 times.",
    "Only an admin can cancel orders.",
    "Listing orders answers within 200 ms at the 95th percentile.",
)


@pytest.mark.parametrize(("sentence", "holds"), CONTRADICTIONS)
def test_a_sentence_that_says_other_than_what_holds_is_contradictory(sentence: str, holds: str) -> None:
    before = covered(*RULES, before=shop())
    reading = story(sentence, before=before, name="T")
    (criterion,) = reading.criteria
    assert criterion.outcome == "contradictory", criterion
    old, new = criterion.readings
    assert holds in old
    assert old != new
    assert old in criterion.why
    assert reading.blueprint.entities == before.entities


def test_within_a_story_the_earlier_sentence_holds() -> None:
    reading = story(*SHOP, "Only an admin can pay orders.", "Only a clerk can pay orders.")
    assert [each.outcome for each in reading.criteria[-2:]] == ["covered", "contradictory"]
    assert "(S.8)" in reading.criteria[-1].why
    assert entity(reading.blueprint, "order").access[0].roles == ("admin",)


@pytest.mark.parametrize(
    "sentence",
    [
        "Users get an email every morning.",
        "The page is beautiful.",
        "Orders that are paid are archived after 30 days.",
        "An order has exactly one winner, drawn at random.",
        "x" * 1999,
        "y" * 5_000_000,
        "One two three. " * 3,
        "word " * 150,
    ],
)
def test_a_sentence_outside_all_forms_needs_a_model(sentence: str) -> None:
    reading = last(sentence, before=shop())
    assert reading.outcome == "not_covered"
    assert reading.why.startswith("needs a model: ")
    assert reading.readings == ()
    assert reading.operations == ()
