"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from tools.blueprint.model import Blueprint
from tools.catalogue.criteria import _summary
from tools.counting import counted


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("file",), "0 files"),
        (1, ("file",), "1 file"),
        (2, ("file",), "2 files"),
        (1, ("entity", "entities"), "1 entity"),
        (3, ("criterion is", "criteria are"), "3 criteria are"),
    ],
)
def test_one_is_no_plural(number: int, words: tuple[str, ...], said: str) -> None:
    assert counted(number, *words) == said


def test_what_a_story_changes_is_counted_in_words() -> None:
    paper = {"entities": [{"name": "paper", "fields": [{"name": "title", "type": "text"}]}]}
    made = Blueprint.model_validate({"service": "kiosk"} | paper)
    assert _summary(made, 0, 0, new=True) == "The blueprint of kiosk has 1 entity: paper."
    assert _summary(made, 1, 0, new=False) == "The contract changes in 1 place, none of them breaking."
