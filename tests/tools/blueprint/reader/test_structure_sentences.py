from __future__ import annotations

import pytest

from tests.tools.blueprint.reader.stories import SHOP, covered, entity, last, shop, shorts

LIBRARY = ("A book has a title (text).", "A copy has a shelf mark (text).", "A reader has a name (text).")


@pytest.mark.parametrize(
    "sentence",
    [
        "A copy belongs to a book.",
        "Copies belong to books",
        "Each copy belongs to one book.",
        "A copy belongs to exactly one book.",
        "A book has many copies.",
        "Books have many copies.",
        "A book can have many copies.",
        "Every book may have several copies.",
    ],
)
def test_a_relation_is_a_required_reference(sentence: str) -> None:
    blueprint = covered(*LIBRARY, sentence)
    assert shorts(entity(blueprint, "copy").references) == [{"name": "book", "target": "book"}]
    assert entity(blueprint, "book").references == ()


def test_a_child_can_belong_to_several_and_need_no_fields() -> None:
    blueprint = covered("A loan belongs to a copy and a reader.", *LIBRARY)
    assert [each.target for each in entity(blueprint, "loan").references] == ["copy", "reader"]


OPERATIONS = [
    ("Books can be created, listed, read and deleted.", ["create", "list", "read", "delete"]),
    ("A book can be read.", ["read"]),
    ("books may be deleted, updated, and read", ["read", "update", "delete"]),
    ("Every book can also be listed or created.", ["create", "list"]),
]


@pytest.mark.parametrize(("sentence", "operations"), OPERATIONS)
def test_just_the_operations_that_are_named_are_offered(sentence: str, operations: list[str]) -> None:
    assert [each.name for each in entity(covered(*LIBRARY, sentence), "book").operations] == operations


def test_without_a_sentence_all_five_operations_are_offered() -> None:
    assert len(entity(covered(*LIBRARY), "book").operations) == 5


def test_an_operation_sentence_may_name_actions_that_another_sentence_explains() -> None:
    blueprint = covered(*SHOP, "Orders can be created, read, paid and shipped.")
    assert [each.name for each in entity(blueprint, "order").operations] == ["create", "read"]


QUERIES = [
    (
        "Orders can be filtered by customer and status, and sorted by total.",
        ["customer", "status"],
        ["total"],
    ),
    ("Orders may be filtered by customer, by gift, and by size.", ["customer", "gift", "size"], []),
    ("An order can be sorted by total, uses and due date", [], ["total", "uses", "due date"]),
    ("Orders can be filtered and sorted by the total.", ["total"], ["total"]),
    ("Orders can be sorted by totals and filtered by customers.", ["customer"], ["total"]),
]


@pytest.mark.parametrize(("sentence", "filters", "sorts"), QUERIES)
def test_lists_are_filtered_and_sorted(sentence: str, filters: list[str], sorts: list[str]) -> None:
    order = entity(covered(sentence, before=shop()), "order")
    assert [each.field for each in order.filters] == filters
    assert [each.field for each in order.sorts] == sorts


def test_a_reference_can_be_filtered_by_without_being_listed() -> None:
    reading = last("Line items can be filtered by order.", before=shop())
    assert reading.outcome == "covered"
    assert reading.operations == ("GET /line-items",)


@pytest.mark.parametrize(
    ("states", "initial"),
    [
        ("A book starts as new.", "new"),
        ("Books start as On Order.", "On-Order"),
        ("Every book begins as out for repair", "out-for-repair"),
        ("A book starts out as on its way.", "on-its-way"),
        ("A book starts in draft.", "draft"),
        ("A book's status starts as not yet valid.", "not-yet-valid"),
    ],
)
def test_a_resource_starts_in_a_state(states: str, initial: str) -> None:
    assert entity(covered(*LIBRARY, states), "book").initial_state == initial


TRANSITIONS = [
    ("A book goes from new to lent when it is lent.", [("lend", "new", "lent")]),
    ("Books go from new to lent when they are lent", [("lend", "new", "lent")]),
    ("A book moves from NEW to lent when the book is lent.", [("lend", "new", "lent")]),
    ("When it is lent, a book goes from new to lent.", [("lend", "new", "lent")]),
    (
        "When a book is lent, a book goes from new to lent.",
        [("lend", "new", "lent")],
    ),
    ("A book goes from new to called off when it's called off.", [("call off", "new", "called-off")]),
    ("A book goes from new to on hold when it is put on hold.", [("put on hold", "new", "on-hold")]),
    ("A book goes from new to rejected when it is rejected.", [("reject", "new", "rejected")]),
    ("A book goes from new to given when it is given.", [("give", "new", "given")]),
    ("A book goes from new to edited when it is updated.", [("update", "new", "edited")]),
    ("A book goes from new to synced when it is synced.", [("sync", "new", "synced")]),
    ("A book goes from new to frobnicated when it is frobnicated.", [("frobnicate", "new", "frobnicated")]),
    ("A book goes from new to placed when it is placed.", [("place", "new", "placed")]),
    (
        "A book goes from new to lent when it is lent and from lent to new when it is returned.",
        [("lend", "new", "lent"), ("return", "lent", "new")],
    ),
    (
        "A book goes from new to lent when it is lent, and from new or lent to gone when it is lost.",
        [("lend", "new", "lent"), ("lose", "new", "gone"), ("lose", "lent", "gone")],
    ),
]


@pytest.mark.parametrize(("sentence", "expected"), TRANSITIONS)
def test_a_state_changes_when_something_is_done(sentence: str, expected: list[tuple[str, str, str]]) -> None:
    book = entity(covered(*LIBRARY, "A book starts as new.", sentence), "book")
    assert [(each.operation, each.source, each.target) for each in book.transitions] == expected
    verbs = dict.fromkeys(verb for verb, _, _ in expected if verb != "update")
    assert [each.name for each in book.actions] == list(verbs)


def test_a_state_may_hold_the_words_of_the_grammar_once_another_sentence_tells_it() -> None:
    book = entity(
        covered(
            *LIBRARY,
            "A book goes from ready to go to gone when it is taken away.",
            "A book starts as ready to go.",
            "Deleting a book that is ready to go is rejected with 409.",
        ),
        "book",
    )
    assert [(each.source, each.target) for each in book.transitions] == [("ready-to-go", "gone")]
    assert len(book.guards) == 1


def test_a_state_can_change_when_something_is_applied_to_the_resource() -> None:
    order = entity(
        covered("An order goes from draft to reduced when a discount code is applied to it.", before=shop()),
        "order",
    )
    assert shorts(order.transitions)[-1] == {
        "operation": "apply discount code",
        "source": "draft",
        "target": "reduced",
    }


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("A line item belongs to a spaceship.", "unknown entity 'spaceship'"),
        ("A spaceship has many line items.", "unknown entity 'spaceship'"),
        ("An order belongs to a line item.", "neither could be created"),
        ("An order belongs to an order.", "neither could be created"),
        ("A line mostly belongs to an order.", "not a valid name"),
        ("An order has many, many rows.", "needs a model: "),
        ("An order has many every rows.", "without 'a', 'all' or 'every'"),
        ("Spaceships can be created.", "unknown entity 'spaceship'"),
        ("Orders can be viewed and deleted.", "'viewed' is not one of"),
        ("Orders can be created and teleported.", "no sentence says what it does"),
        ("Orders can be paid.", "none of the plain operations"),
        ("Orders can be filtered by mood.", "order has no field 'mood'"),
        ("Orders can be sorted by line items.", "order has no field 'line items'"),
        ("Spaceships can be sorted by name.", "unknown entity 'spaceship'"),
        ("An order starts as not draft.", "only negates the state 'draft'"),
        ("An order starts as usually draft.", "remove 'usually'"),
        ("An order goes from shiped to lost when it is lost.", "never becomes 'shiped'"),
        ("A line item goes from draft to lost when it is lost.", "starting state of a line item"),
        ("An order goes from draft to lost immediately when it is lost.", "remove 'immediately'"),
        ("An order goes from draft to lost when it is loss.", "not a past participle"),
        ("An order goes from draft to lost when it is being lost.", "not a single verb"),
        ("An order goes from draft to lost when it is created.", "create cannot change the state"),
        ("An order goes from draft to lost when it is read.", "read cannot change the state"),
        ("An order goes from draft to lost when a line item is lost.", "applies to a line item"),
        ("An order goes from draft to lost when its total is lost.", "needs a model: "),
        ("An order goes from any state to lost when it is lost.", "needs a model: "),
        ("An order's total starts as high.", "only a status"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(sentence: str, why: str) -> None:
    reading = last(sentence, before=shop())
    assert reading.outcome == "not_covered"
    assert why in reading.why


def test_lists_that_cannot_be_listed_cannot_be_filtered() -> None:
    reading = last(*LIBRARY, "Books can be created and read.", "Books can be filtered by title.")
    assert reading.outcome == "not_covered"
    assert "cannot be listed" in reading.why


def test_a_filter_is_not_called_like_a_parameter_of_paging() -> None:
    reading = last("A card has a limit (money).", "Cards can be filtered by limit.")
    assert reading.outcome == "not_covered"
    assert "paging" in reading.why


def test_two_entities_do_not_share_a_path() -> None:
    reading = last("An axe has a name (text).", "An axis has a name (text).")
    assert reading.outcome == "not_covered"
    assert "same path" in reading.why


def test_a_declared_status_that_lists_the_states_is_ruled_by_them() -> None:
    sentences = (
        "A task has a status (one of to do, needs review or done, default to do) and a title (text).",
        "A task starts as to do.",
        "A task goes from to do to needs review when it is submitted.",
        "A task goes from needs review to done when it is approved.",
    )
    blueprint = covered(*sentences)
    task = entity(blueprint, "task")
    assert [each.name for each in task.fields] == ["title"]
    assert task.states == ("to-do", "needs-review", "done")
    assert covered(*sentences, before=blueprint).entities == blueprint.entities
    reading = last(*sentences, "A task goes from done to archived when it is archived.")
    assert reading.outcome == "not_covered"
    assert "not among the values of the status" in reading.why


def test_a_status_that_clients_set_is_not_ruled_by_states() -> None:
    reading = last("A task has a status (text).", "A task starts as new.")
    assert reading.outcome == "not_covered"
    assert "already holds the states" in reading.why
