from __future__ import annotations

import re
from pathlib import Path

import pytest

import tools.blueprint.reader.grammar as grammar
from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.grammar.parsing import FORMS, is_plain, parse
from tools.blueprint.reader.grammar.text import JOIN, join_names, join_subject, prepare

SENTENCES = {
    "has": "An order has a customer (email).",
    "belongs": "A line item belongs to an order.",
    "has_many": "An order has many line items.",
    "offers": "Orders can be created and read.",
    "finds": "Orders can be filtered by status.",
    "starts": "An order starts as draft.",
    "goes": "An order goes from draft to paid when it is paid.",
    "requires": "Paying an order requires a reference (text).",
    "guard": "Cancelling an order that is shipped is rejected with 409.",
    "effect": "Cancelling an order sets its reason to x.",
    "limit": "A discount code can be applied at most 3 times.",
    "computed": "An order's item count is the number of its line items.",
    "access": "Only an admin can create orders.",
    "example": "Given an order, when it is cancelled, then it is accepted.",
    "speed": "Listing orders answers within 200 ms at p95.",
}


def test_every_form_of_the_grammar_is_tried() -> None:
    assert set(SENTENCES) == set(FORMS)


@pytest.mark.parametrize("form", FORMS)
def test_the_words_that_tell_a_form_are_words_of_its_rules(form: str) -> None:
    """A form that is told by a word which its sentences need not have would miss sentences."""
    text = (Path(grammar.__file__).parent / "sentences.lark").read_text(encoding="utf-8")
    rules = dict(re.findall(r"^[!?]?(\w+)(?:\.\d)?: (.*(?:\n +\|.*)*)", text, re.MULTILINE))
    reached, waiting = "", [form]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in rules:
            continue
        seen.add(name)
        reached += rules[name]
        waiting += re.findall(r"\b_?[a-z_]+\b", re.sub(r'"[^"]*"', "", rules[name]))
    terminals = " ".join(rules.get(name, "") for name in ("ONCE", "TWICE"))
    assert all(f'"{word}"' in reached or word in terminals for word in FORMS[form])


@pytest.mark.parametrize(("form", "sentence"), SENTENCES.items())
def test_a_sentence_of_each_form_parses_in_one_way(form: str, sentence: str) -> None:
    assert len(parse(prepare(sentence))) == 1
    assert FORMS[form] & set(re.findall("[a-z]+", sentence.lower()))


def test_quotes_and_expressions_are_put_aside() -> None:
    text = prepare("""A “b (c)” and 'd, e' and matching /f,"g\\/[/]/, it's the order's "h".""")
    assert text.quoted == ('f,"g\\/[/]', "b (c)", "d, e", "h")
    assert text.words == """A "1" and "2" and matching /0/ , it is the order's "3\""""


def test_names_before_brackets_are_one_word() -> None:
    words = prepare("An order has a needs review (boolean), and an in stock (text).").words
    assert words == f"An order has a needs{JOIN}review{JOIN} (boolean), and an in{JOIN}stock{JOIN} (text)"


def test_known_names_are_tried_as_one_word_and_as_several() -> None:
    text = prepare("An item that is in stock is rejected with 409.")
    tried = [each.words for each in join_names(text, ["in stock", "rejected"])]
    assert tried == [
        f"An item that is in{JOIN}stock{JOIN} is rejected{JOIN} with 409",
        f"An item that is in stock is rejected{JOIN} with 409",
        f"An item that is in{JOIN}stock{JOIN} is rejected with 409",
        "An item that is in stock is rejected with 409",
    ]


def test_the_subject_of_a_definition_may_hold_words_of_the_grammar() -> None:
    assert join_subject(prepare("A check in belongs to a guest.")).words.startswith(f"A check{JOIN}in{JOIN}")


@pytest.mark.parametrize(
    ("name", "plain"), [("line item", True), ("in stock", False), ("given", False), ("b2b", True)]
)
def test_plain_names_need_no_joining(name: str, plain: bool) -> None:
    assert is_plain(name) is plain


@pytest.mark.parametrize("sentence", ["", " . ", "x" * 2001, "w " * 101, "An a/b has a c/d (text)."])
def test_what_can_be_no_sentence_is_not_parsed(sentence: str) -> None:
    with pytest.raises(Unclear):
        prepare(sentence)


def test_thousands_of_readings_are_not_gone_through() -> None:
    sentence = "Cancelling an order that is " + " and ".join(["a or b"] * 22) + " is rejected with 409"
    assert len(parse(prepare(sentence))) <= 64
