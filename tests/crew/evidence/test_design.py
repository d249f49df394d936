"""What is asked of a person: under an id of its own, and not twice."""

from __future__ import annotations

from crew.evidence.design import answers, asked_anew, mapped

FIRST = {"id": "Q1", "text": "May anybody delete a jar?", "assumption": ""}
OTHER = {"id": "Q1", "text": "Are grams enough?", "assumption": ""}
REPLIES = {"Q1": {"question": FIRST["text"], "answer": "No, only a cook."}}


def test_another_question_gets_another_id() -> None:
    assert asked_anew({"questions": [OTHER]}, REPLIES)["questions"] == [OTHER | {"id": "Q1-2"}]
    both = REPLIES | {"Q1-2": {"question": "Which colour?", "answer": "Red."}}
    assert asked_anew({"questions": [OTHER]}, both)["questions"] == [OTHER | {"id": "Q1-3"}]


def test_the_same_question_keeps_its_answer() -> None:
    assert asked_anew({"questions": [FIRST]}, REPLIES)["questions"] == [FIRST]
    assert answers(FIRST, REPLIES["Q1"])
    assert not answers(OTHER, REPLIES["Q1"])


def test_every_criterion_has_an_outcome() -> None:
    covered = {"id": "A-1.1", "outcome": "covered", "why": ""}
    stray = {"id": "A-9.9", "outcome": "covered", "why": ""}
    found = mapped({"criteria": [covered, stray]}, ["A-1.1", "A-1.2"])["criteria"]
    silent = {"id": "A-1.2", "outcome": "not_covered", "why": "The design agent said nothing of it."}
    assert found == [covered, silent]
