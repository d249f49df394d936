"""What is asked of a person: under an id of its own, and not twice."""

from __future__ import annotations

from crew.agents.answers import Design, Question
from crew.evidence.design import for_every_criterion, questions_renamed

FIRST = Question(id="Q1", text="May anybody delete a jar?")
OTHER = Question(id="Q1", text="Are grams enough?")
REPLIES: dict[str, dict[str, str]] = {"Q1": {"question": FIRST.text, "answer": "No, only a cook."}}


def renamed(question: Question, replies: dict[str, dict[str, str]]) -> list[Question]:
    return questions_renamed(Design(questions=[question]), replies).questions


def test_another_question_gets_another_id() -> None:
    assert renamed(OTHER, REPLIES) == [OTHER.model_copy(update={"id": "Q1-2"})]
    both = REPLIES | {"Q1-2": {"question": "Which colour?", "answer": "Red."}}
    assert renamed(OTHER, both) == [OTHER.model_copy(update={"id": "Q1-3"})]


def test_the_same_question_keeps_its_answer() -> None:
    assert renamed(FIRST, REPLIES) == [FIRST]


def test_every_criterion_has_an_outcome() -> None:
    covered = {"id": "A-1.1", "outcome": "covered", "why": ""}
    stray = {"id": "A-9.9", "outcome": "covered", "why": ""}
    design = Design.model_validate({"criteria": [covered, stray]})
    silent = {"id": "A-1.2", "outcome": "not_covered", "why": "The design agent did not mention it."}
    expected = Design.model_validate({"criteria": [covered, silent]})
    assert for_every_criterion(design, ["A-1.1", "A-1.2"]) == expected
