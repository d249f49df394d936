"""What the generated tests are called."""

from __future__ import annotations

from tools.blueprint import openapi
from tools.blueprint.model import Blueprint
from tools.blueprint.reader.rewording import read_worded
from tools.stacks.fastapi import FastAPIStack

PROSE = "People who come to us leave a name, and with more than three nights they pay less."
GUEST = "A guest has a name (text, 1 to 20 characters, unique) and nights (integer, 1 to 90)."
GUARD = "Creating a guest with more than 30 nights is rejected with 422."


def names(*wordings: str) -> list[str]:
    criteria = [("A-1.1", GUEST), ("A-1.2", PROSE)]
    reading, unread = read_worded(criteria, Blueprint(service="hotel"), {"A-1.2": wordings})
    assert not unread, unread
    contract = openapi.to_yaml(openapi.document(reading.blueprint))
    generation = FastAPIStack().generate(reading.blueprint, contract, None)
    return [each.rpartition("::")[2] for each in generation.tests["A-1.2"]]


def test_a_test_is_called_after_the_sentence_that_prose_was_read_by() -> None:
    found = names(GUARD)
    assert found
    start = "test_a_1_2_creating_a_guest_with_more_than_30_nights"
    assert all(each.startswith(start) for each in found), found


def test_of_several_sentences_none_gives_its_name_to_the_tests_of_another() -> None:
    found = names("Only a clerk can delete guests.", GUARD)
    assert len(found) == len(set(found)) > len(names(GUARD))
    assert not [each for each in found if "clerk_can" in each and "delete" not in each], found


def test_an_operation_that_is_left_out_is_named_in_english() -> None:
    assert "test_a_1_2_guests_cannot_be_read" in names("Guests can be created and listed.")
