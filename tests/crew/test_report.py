"""What a run did: told from the ledger alone, and nothing of what others wrote becomes HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from crew.console.ending import exit_code, report_text, run_finished
from crew.records.deliveries import change_terms, load_delivery
from crew.records.rows import Resumed
from crew.report import DeliveryReport, delivery_report
from crew.report.html import render, write_report
from crew.report.status import status_json, status_text
from tests.crew.histories import STORIES, VERSION, History, history
from tests.crew.rows import write
from tools.redaction import Redactor

NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)> \"'` {{7*7}} {% raw %} &amp; </textarea>"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[History]:
    kept = history(tmp_path)
    yield kept
    kept.ledger.close()


def report(made: History, delivery: str) -> DeliveryReport:
    """Return the report of a delivery."""
    return delivery_report(made.ledger, made.artifacts, delivery)


class Seen(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_says_what_became_of_each_criterion(made: History) -> None:
    found = report(made, made.delivered())
    assert found.status == "delivered"
    assert [each.covered for each in found.criteria] == [True, True, True, True, True, False]
    assert found.covered == 5
    assert found.criteria[4].operations == ("POST /papers/{id}/sell",)
    assert found.criteria[4].tests == ("tests/acceptance/test_kio_1.py::test_4",)
    assert "needs a model" in found.criteria[5].why
    assert found.findings[0].file == "app/main.py"
    assert found.diff.startswith("+ <b>added</b>")


def test_hostile_text_stays_text_in_the_page(tmp_path: Path) -> None:
    made = history(tmp_path, STORIES.replace("title: Papers", f"title: {json.dumps(NASTY)}"))
    delivery = made.opened()
    made.acted(delivery, NASTY, {"diff": f"+{NASTY}"}, key="a-1", rationale=NASTY, evidence=(NASTY,))
    made.acted(delivery, "open_pull_request", {"diff": f"+{NASTY}", "record": "{}"})
    finding = {"severity": "blocking", "file": NASTY, "line": 1, "what": NASTY}
    criterion = {"id": "KIO-1.1", "outcome": "not_covered", "why": NASTY}
    made.concluded(
        delivery, "design", summary=NASTY, changes=[NASTY], criteria=[criterion], findings=[finding]
    )
    write(made.ledger, delivery, "note", "n", {"node": NASTY, "text": NASTY})
    made.closed(delivery, "stopped", reason=NASTY, pull_request=NASTY, url=f"javascript:{NASTY}")
    page = render([report(made, delivery)], Redactor(()))
    made.ledger.close()
    seen = Seen(page)
    assert not seen.tags & {"script", "img", "textarea", "iframe", "link", "object"}
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert not re.search(r"""(href|src)=["']?\s*javascript:""", page)
    assert NASTY in seen.text


def test_the_page_needs_nothing_from_elsewhere(made: History) -> None:
    page = render([report(made, made.delivered())], Redactor(()))
    assert not re.findall(r"""(?:src|href)=["'](?!#)[^"']*["']|url\(|@import""", page)


def test_reports_do_not_replace_one_another(made: History) -> None:
    found = [report(made, made.delivered())]
    first, second = write_report(made.home, found, Redactor(())), write_report(made.home, found, Redactor(()))
    assert first != second
    assert first.read_text() == second.read_text()


def test_the_last_line_for_machines(made: History) -> None:
    found = report(made, made.delivered())
    said = json.loads(run_finished([found], Path("/r.html")))
    (told,) = said["deliveries"]
    assert (said["event"], said["report"]) == ("run.finished", "/r.html")
    assert told["criteria"] == {"covered": 5, "not_covered": 1}
    assert told["version"] == VERSION
    assert set(told) == {"id", "story", "service", "status", "criteria", "pull_request", "version", "reason"}


@pytest.mark.parametrize(
    ("statuses", "code"),
    [(["delivered"], 0), (["delivered", "waiting"], 3), (["waiting", "stopped"], 1), (["failed"], 1)],
)
def test_exit_codes(made: History, statuses: list[str], code: int) -> None:
    found = report(made, made.delivered())
    assert exit_code([found.model_copy(update={"status": each}) for each in statuses]) == code


def test_what_waits_is_told_with_the_command_that_answers_it(made: History) -> None:
    delivery = made.opened()
    write(made.ledger, delivery, "asked", "p-1", {"reasons": ["It breaks."]})
    write(made.ledger, delivery, "asked", "q-1", {"kind": "question", "text": "Which?"})
    write(made.ledger, delivery, "asked", "p-0", {"reasons": ["Old."]})
    write(made.ledger, delivery, "answered", "p-0", {"approved": True, "by": "Ada", "text": ""})
    said = report_text([report(made, delivery)], Path("/r.html"), made.home)
    assert f"crew resume {delivery} --approve p-1 " in said
    assert f"crew resume {delivery} --reject p-1 " in said
    assert f"crew resume {delivery} --answer q-1 TEXT " in said
    assert "p-0" not in said
    (listed,) = json.loads(status_json(made.home))["deliveries"]
    assert [(each["id"], each["kind"]) for each in listed["waits_for"]] == [
        ("p-1", "approval"),
        ("q-1", "question"),
    ]
    assert f"{delivery}  KIO-1 Papers: waiting. p-1: It breaks. q-1: Which?" in status_text(made.home)


def test_status_says_why_a_delivery_stopped(made: History) -> None:
    delivery = made.opened()
    said = (
        "The budget of the delivery is used up: 2 of 2 model calls. Go on with a larger one: crew resume x."
    )
    write(made.ledger, delivery, "paused", "paused-1", {"text": said})
    assert said in status_text(made.home)
    assert report(made, delivery).reason == said
    assert said in render([report(made, delivery)], Redactor(()))
    write(made.ledger, delivery, "note", "n", {"node": "code", "text": "It goes on."})
    assert "It was interrupted, or is under way" in status_text(made.home)


def test_the_page_shows_questions_models_and_what_failed(made: History) -> None:
    delivery = made.opened()
    write(made.ledger, delivery, "asked", "q-1", {"kind": "question", "text": "Which currency?"})
    write(made.ledger, delivery, "answered", "q-1", {"by": "Ada", "text": "Euro."})
    place = {"role": "code", "visit": 1, "step": 1}
    said = {"tool": "run_tests", "rationale": "To see.", "evidence": [], "arguments": {}}
    write(made.ledger, delivery, "model", "m-code-1-1", {**place, "model": "openai:m"})
    write(made.ledger, delivery, "intent", "a-1", {**place, **said})
    write(made.ledger, delivery, "outcome", "a-1", {"ok": False, "summary": "2 tests failed."})
    text = " ".join(Seen(render([report(made, delivery)], Redactor(()))).text.split())
    assert all(
        each in text for each in ("Which currency? Euro. (Ada)", "model: openai:m", "Failed: 2 tests failed.")
    )


def test_what_a_resume_changed_holds_from_then_on(made: History) -> None:
    delivery = made.opened()
    began = load_delivery(made.ledger, delivery).terms
    change_terms(made.ledger, delivery, began)
    assert made.ledger.rows(delivery, Resumed) == []
    larger = began.model_copy(update={"budget": "steps=9", "sandbox": "namespaces"})
    change_terms(made.ledger, delivery, larger)
    assert load_delivery(made.ledger, delivery).terms == larger
    change_terms(made.ledger, delivery, larger.model_copy(update={"sandbox": ""}))
    found = load_delivery(made.ledger, delivery).terms
    assert (found.budget, found.sandbox, found.model) == ("steps=9", "", "offline")
    assert [row.body.text for row in made.ledger.rows(delivery, Resumed)] == [
        "Continues with other settings: budget steps=9, sandbox namespaces.",
        "Continues with other settings: sandbox not set.",
    ]


def test_status_says_where_each_delivery_stands(made: History) -> None:
    first, second = made.delivered(), made.opened()
    third = made.opened()
    listed = json.loads(status_json(made.home))
    assert listed["services"] == []
    assert [(each["id"], each["status"]) for each in listed["deliveries"]] == [
        (first, "delivered"), (second, "waiting"), (third, "waiting"),
    ]  # fmt: skip
    assert "crew resume" in listed["deliveries"][1]["reason"]
    assert second in listed["deliveries"][2]["reason"]
