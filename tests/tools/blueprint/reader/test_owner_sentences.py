"""Sentences that let only the owner of a resource do something, and words that name nobody in particular."""

from __future__ import annotations

import pytest

from tests.tools.blueprint.reader.stories import covered, entity, last, story
from tools.blueprint.model import Blueprint, Entity, Reference

BLOG = (
    "An author has a name (text).",
    "A post has a title (text), a writer (text), a score (integer) and a note (text, optional).",
    "A post belongs to an author.",
    "A post starts as draft.",
    "A post goes from draft to published when it is published.",
    "A comment has a text body (text).",
    "A comment belongs to a post.",
)

OWNED = [
    ("Only the author can update posts.", [("update", (), "author")]),
    ("Only the author can publish posts.", [("publish", (), "author")]),
    ("Only the writer can read or delete posts.", [("read", (), "writer"), ("delete", (), "writer")]),
    ("Only the author or an admin can delete posts.", [("delete", ("admin",), "author")]),
    (
        "Only the author of a post can update or delete it.",
        [("update", (), "author"), ("delete", (), "author")],
    ),
    ("Only the author of a post or an admin can update it.", [("update", ("admin",), "author")]),
    ("Only the author of a post can update the post.", [("update", (), "author")]),
    ("Posts can only be updated by the author or an admin.", [("update", ("admin",), "author")]),
    ("Only an author can update posts.", [("update", ("author",), "")]),
    ("Only authors can update posts.", [("update", ("author",), "")]),
    ("Only the admin can update posts.", [("update", ("admin",), "")]),
]


@pytest.mark.parametrize(("sentence", "rules"), OWNED)
def test_the_owner_is_told_from_a_role(sentence: str, rules: list[tuple[str, tuple[str, ...], str]]) -> None:
    blueprint = covered(*BLOG, sentence)

    assert [(each.operation, each.roles, each.owner) for each in entity(blueprint, "post").access] == rules
    (reading,) = story(*BLOG, sentence).criteria[-1].readings
    assert entity(covered(*BLOG, *(f"{each.strip('.')}." for each in reading.split(". "))), "post").access


REFUSED = [
    ("Only the author can update comments.", "'author' is an entity that a comment does not belong to"),
    (
        "Only the author of a post can update comments.",
        "'author' is an entity that a comment does not belong to",
    ),
    ("Only the author can list posts.", "a list has no owner"),
    ("Only the author or the writer can update posts.", "can have one owner"),
    ("Only the score can update posts.", "'score' of post must be a required text"),
    ("Only the note can update posts.", "'note' of post must be a required text"),
    ("Only the status can update posts.", "'status' of post must be a required text"),
    ("Only anonymous can update posts.", "a caller without a token has no role"),
    ("Only an anonymous user can update posts.", "a caller without a token has no role"),
    ("Only nobody can update posts.", "to leave an operation out, list the others"),
    ("Only everyone can update posts.", "what no sentence restricts is open to everyone"),
    ("Only anybody can update posts.", "what no sentence restricts is open to everyone"),
    ("Only the public can update posts.", "what no sentence restricts is open to everyone"),
    ("Only the system can update posts.", "every request comes from a caller"),
    ("Only an admin or everyone can update posts.", "what no sentence restricts is open to everyone"),
]


@pytest.mark.parametrize(("sentence", "why"), REFUSED)
def test_who_cannot_be_told_is_refused(sentence: str, why: str) -> None:
    reading = last(*BLOG, sentence)

    assert reading.outcome == "not_covered"
    assert why in reading.why


def test_one_of_two_references_to_the_same_entity_must_be_named() -> None:
    two = tuple(Reference(name=name, target="person") for name in ("writer", "editor"))
    before = Blueprint(service="test", entities=(Entity(name="person"), Entity(name="post", references=two)))

    unclear = last("Only the person can update posts.", before=before)
    clear = covered("Only the editor can update posts.", before=before)

    assert "refers to a person as writer and editor" in unclear.why
    assert entity(clear, "post").owner == "editor"


def test_a_second_owner_of_the_same_entity_is_refused() -> None:
    reading = last(*BLOG, "Only the author can update posts.", "Only the writer can delete posts.")

    assert "already belong to their author" in reading.why


def test_a_role_and_the_owner_in_two_sentences_contradict_each_other() -> None:
    reading = last(*BLOG, "Only the author can update posts.", "Only an admin can update posts.")

    assert reading.outcome == "contradictory"
