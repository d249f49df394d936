"""The chain of reasons, walked from a delivery or from one action."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from crew.errors import BadInput
from crew.report.why import ledger_export_lines, ledger_text, why_json, why_text
from tests.crew.histories import History, history
from tests.crew.rows import write


@pytest.fixture
def told(tmp_path: Path) -> Iterator[History]:
    made = history(tmp_path)
    yield made
    made.ledger.close()


def test_a_delivery_is_told_from_its_first_action_to_its_last(told: History) -> None:
    delivery = told.delivered()
    said = why_text(told.home, delivery)
    places = [said.index(name) for name in ("settle_blueprint", "generate_service", "open_pull_request")]
    assert places == sorted(places)
    assert "why       It is the next step." in said
    assert "policy    allowed by regopy" in said
    assert "outcome   settle_blueprint is done." in said


def test_an_action_is_told_with_what_it_rests_on_and_nothing_else(told: History) -> None:
    delivery = told.opened()
    told.acted(delivery, "first", key="a-1", evidence=("sha256:story",))
    told.acted(delivery, "second", key="a-2", evidence=("a-1",))
    told.acted(delivery, "aside", key="a-3")
    told.acted(delivery, "third", key="a-4", evidence=("a-2", "a-1"))
    found = json.loads(why_json(told.home, "a-4"))
    assert found["delivery"] == delivery
    assert [each["action"] for each in found["reasons"]] == ["a-4", "a-2", "a-1"]


def test_reasons_in_a_circle_end(told: History) -> None:
    delivery = told.opened()
    told.acted(delivery, "one", key="a-1", evidence=("a-2",))
    told.acted(delivery, "two", key="a-2", evidence=("a-1",))
    assert len(json.loads(why_json(told.home, "a-1"))["reasons"]) == 2


def test_an_approval_is_told_with_who_gave_it(told: History) -> None:
    delivery = told.opened()
    write(told.ledger, delivery, "asked", "p-1", {"reasons": ["It breaks."]})
    write(told.ledger, delivery, "answered", "p-1", {"approved": True, "by": "Ada", "text": ""})
    told.acted(delivery, "merge", approval="p-1")
    assert "approval  p-1: approved by Ada" in why_text(told.home, delivery)


def test_a_rejection_is_told_with_its_reason(told: History) -> None:
    delivery = told.opened()
    write(told.ledger, delivery, "asked", "p-1", {"reasons": ["It breaks."]})
    write(
        told.ledger, delivery, "answered", "p-1", {"approved": False, "by": "Ada", "text": "Not on a Friday."}
    )
    told.acted(delivery, "merge", approval="p-1")
    assert "approval  p-1: rejected by Ada: Not on a Friday." in why_text(told.home, delivery)
    assert "rejected by Ada: Not on a Friday." in ledger_text(told.home, delivery)


def test_a_rejection_that_nothing_was_done_after_is_told(told: History) -> None:
    delivery = told.opened()
    write(told.ledger, delivery, "asked", "p-1", {"reasons": ["It breaks."]})
    write(
        told.ledger, delivery, "answered", "p-1", {"approved": False, "by": "Ada", "text": "Not on a Friday."}
    )
    said = "p-1  approval: It breaks.\n  answer    rejected: Not on a Friday. (Ada)"
    assert said in why_text(told.home, delivery)


def test_what_failed_is_marked(told: History) -> None:
    delivery = told.opened()
    said = {"role": "code", "tool": "run_tests", "rationale": "To see.", "evidence": []}
    write(told.ledger, delivery, "intent", "a-1", {**said, "arguments": {}})
    write(told.ledger, delivery, "outcome", "a-1", {"ok": False, "summary": "2 tests failed."})
    told.acted(delivery, "commit")
    text = why_text(told.home, delivery)
    assert "  failed    2 tests failed." in text
    assert "  outcome   commit is done." in text
    assert [each["failed"] for each in json.loads(why_json(told.home, delivery))["reasons"]] == [True, False]
    assert "failed: 2 tests failed." in ledger_text(told.home, delivery)


def test_the_model_that_decided_is_named_unless_it_is_the_offline_one(told: History) -> None:
    delivery = told.opened()
    said = {"tool": "list_files", "rationale": "To see.", "evidence": [], "arguments": {}}
    for step, model in ((1, "openai:m"), (2, "offline")):
        place = {"role": "code", "visit": 1, "step": step}
        write(told.ledger, delivery, "model", f"m-code-1-{step}", {**place, "model": model})
        write(told.ledger, delivery, "intent", f"a-{step}", {**place, **said})
    assert why_text(told.home, delivery).count("  model     ") == 1
    assert [each["model"] for each in json.loads(why_json(told.home, delivery))["reasons"]] == [
        "openai:m",
        "",
    ]


def test_questions_are_told_with_their_answers(told: History) -> None:
    delivery = told.opened()
    for name, text in (("q-1", "Which currency?"), ("q-2", "Which tax?")):
        write(told.ledger, delivery, "asked", name, {"kind": "question", "text": text})
    write(told.ledger, delivery, "answered", "q-1", {"by": "Ada", "text": "Euro."})
    told.acted(delivery, "commit")
    said = why_text(told.home, delivery)
    assert said.startswith(f"{delivery}: 1 action, oldest first")
    assert "q-1  question: Which currency?\n  answer    Euro. (Ada)" in said
    assert "q-2  question: Which tax?\n  answer    nobody has answered yet" in said
    assert json.loads(why_json(told.home, delivery))["questions"][0]["answer"] == "Euro."


def test_a_denial_is_told_with_its_reason(told: History) -> None:
    delivery = told.opened()
    body = {
        "role": "code",
        "tool": "merge",
        "rationale": "",
        "evidence": [],
        "reasons": ["No."],
        "policy": None,
    }
    write(told.ledger, delivery, "denied", "a-1", body)
    said = why_text(told.home, "a-1")
    assert "outcome   Not done. No." in said
    assert "denied by the door, before policy was asked" in said


@pytest.mark.parametrize("subject", ["nobody", "", "closed", "p-1", "../ledger"])
def test_what_is_no_delivery_and_no_action_is_said_to_be_none(told: History, subject: str) -> None:
    told.delivered()
    with pytest.raises(BadInput):
        why_text(told.home, subject)


def test_a_story_stands_for_its_latest_delivery(told: History) -> None:
    told.delivered()
    latest = told.delivered()
    assert why_text(told.home, "KIO-1") == why_text(told.home, latest)
    assert why_text(told.home, "KIO-1").startswith(f"{latest}: ")


def test_rows_are_shown_a_line_each_and_exported_whole(told: History) -> None:
    delivery, other = told.delivered(), told.opened()
    rows = told.ledger.rows(delivery)
    assert len(ledger_text(told.home, delivery).splitlines()) == len(rows)
    assert [json.loads(line) for line in ledger_export_lines(told.home, delivery)] == [
        row.model_dump(mode="json") for row in told.ledger.stored(delivery)
    ]
    exported = [json.loads(line)["delivery"] for line in ledger_export_lines(told.home, None)]
    assert exported == [delivery] * len(rows) + [other]
    with pytest.raises(BadInput):
        list(ledger_export_lines(told.home, "nobody"))
