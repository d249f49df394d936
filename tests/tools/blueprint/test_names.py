from __future__ import annotations

import pytest

from tools.blueprint.names import (
    collection_path,
    gerund,
    participle,
    plural,
    singulars,
    verb_bases,
)

PLURALS = [
    ("order", "orders"),
    ("discount code", "discount codes"),
    ("person", "people"),
    ("sales person", "sales people"),
    ("child", "children"),
    ("leaf", "leaves"),
    ("address", "addresses"),
    ("status", "statuses"),
    ("category", "categories"),
    ("quiz", "quizzes"),
    ("series", "series"),
    ("point of sale", "points of sale"),
    ("date of birth", "dates of birth"),
    ("to-do", "to-dos"),
    ("widgetron", "widgetrons"),
]


@pytest.mark.parametrize(("one", "many"), PLURALS)
def test_plural_and_back(one: str, many: str) -> None:
    assert plural(one) == many
    assert one in singulars(many)
    assert singulars(one)[0] == one


@pytest.mark.parametrize(
    ("words", "one"), [("SKUs", "sku"), ("APIs", "api"), ("Line Items", "line item"), ("api", "api")]
)
def test_singular_of_words_that_no_dictionary_has(words: str, one: str) -> None:
    assert singulars(words)[0] == one


def test_all_that_a_plural_may_come_from() -> None:
    assert singulars("axes")[:2] == ("axe", "axis")
    assert {"leave", "leaf"} <= set(singulars("leaves"))


VERBS = [
    ("cancel", "cancelling", "cancelled"),
    ("apply", "applying", "applied"),
    ("pay", "paying", "paid"),
    ("check in", "checking in", "checked in"),
    ("put on hold", "putting on hold", "put on hold"),
    ("give", "giving", "given"),
    ("take away", "taking away", "taken away"),
    ("re-open", "re-opening", "re-opened"),
    ("frobnicate", "frobnicating", "frobnicated"),
    ("sync", "syncing", "synced"),
    ("read", "reading", "read"),
]


@pytest.mark.parametrize(("base", "ing", "past"), VERBS)
def test_verbs_and_their_forms(base: str, ing: str, past: str) -> None:
    assert gerund(base) == ing
    assert participle(base) == past
    assert verb_bases(ing)[0] == base
    assert verb_bases(past)[0] == base


@pytest.mark.parametrize("words", ["fully paid", "late", "order", "in stock", "string", "unpaid", "draft"])
def test_what_is_no_form_of_a_verb_has_no_base(words: str) -> None:
    assert verb_bases(words) == ()


def test_both_spellings_are_one_verb() -> None:
    assert verb_bases("canceled") == verb_bases("cancelled") == ("cancel",)
    assert verb_bases("checked-in") == ("check in",)


def test_paths_are_plural_and_kebab_case() -> None:
    assert collection_path("discount code") == "/discount-codes"
    assert collection_path("point of sale") == "/points-of-sale"
