"""Ways back in a delivery: from the code to the design, and from a linter's objection to the code.

Everything is real but the model, which says what a test wrote for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolMessage

from crew.brief import Brief
from crew.errors import Stopped
from crew.records.rows import Denied, Intent, Note
from crew.report.status import status_json
from tests.e2e.conftest import PERSON
from tests.e2e.test_examples import FILE, GOOD, RIGHT, Play, Scenario, coder
from tests.tools.deliveries import git, put

pytestmark = pytest.mark.slow

OBJECTION = "shop/prices.py has no place for it."
UNUSED = RIGHT.replace('"""Prices."""', '"""Prices."""\n\nimport os')
GOOD_TESTS = "import pytest\n\nfrom shop.prices import discounted\n\n\n" + GOOD


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scenario]:
    for name, value in PERSON.items():
        monkeypatch.setenv(name, value)
    yield Scenario(tmp_path)


def planner(*plans: str) -> Play:
    """Answer with another plan in each attempt; the last one stays."""

    def play(brief: Brief, results: list[ToolMessage]) -> tuple[str, dict[str, Any]]:
        criteria = [{"id": each["id"], "outcome": "covered"} for each in brief.story["criteria"]]  # type: ignore[union-attr,index,call-overload]
        plan = plans[min(brief.visit, len(plans)) - 1]
        return "answer", {"summary": "A plan.", "plan": plan, "criteria": criteria}

    return play


def objecting(times: int) -> Play:
    """Commit and object in the first attempts, then write what is right."""

    def play(brief: Brief, results: list[ToolMessage]) -> tuple[str, dict[str, Any]]:
        if brief.visit > times:
            return coder(RIGHT)(brief, results)
        steps = [
            ("write_file", {"path": "shop/draft.py", "content": "x = 1\n"}),
            ("commit", {"message": "Begin"}),
            ("answer", {"summary": "No.", "findings": [{"severity": "blocking", "what": OBJECTION}]}),
        ]
        return steps[len(results)]

    return play


def test_an_objection_of_the_code_agent_returns_to_the_design(scenario: Scenario) -> None:
    ended = scenario.run(GOOD_TESTS, objecting(1), designer=planner("In a new class.", "In prices.py."))

    assert ended.status == "delivered", ended.reason
    assert "objections" not in scenario.brief("design", 1).facts
    assert scenario.brief("design", 2).facts["objections"] == [OBJECTION]
    assert scenario.brief("code", 2).facts["plan"] == "In prices.py."
    files = git(scenario.repository, "ls-tree", "-r", "--name-only", "main").split()
    assert FILE in files, "example tests are written for the new design before its code"
    assert "shop/draft.py" not in files, "code that follows from the rejected design is taken back"
    (note,) = [
        row.body.text for row in scenario.rows if isinstance(row.body, Note) and "objects" in row.body.text
    ]
    assert f"(return 1 of at most 2): {OBJECTION}" in note


def test_the_number_of_returns_is_limited(scenario: Scenario) -> None:
    ended = scenario.run(GOOD_TESTS, objecting(9), designer=planner("One.", "Two.", "Three."))

    assert ended.status == "stopped"
    assert ended.reason == f"{OBJECTION} The design agent was asked 2 times to change the design."
    assert [each.visit for each in scenario.briefs if each.role == "design"] == [1, 2, 3]
    assert [each.visit for each in scenario.briefs if each.role == "code"] == [1, 2, 3]


def test_a_design_that_stays_as_it_was_ends_the_delivery(scenario: Scenario) -> None:
    ended = scenario.run(GOOD_TESTS, objecting(9))

    assert ended.status == "stopped"
    assert ended.reason.startswith(OBJECTION)
    assert "was told this 1 time and left the design as it is." in ended.reason
    assert [each.visit for each in scenario.briefs if each.role == "code"] == [1]


def configure_ruff(scenario: Scenario) -> None:
    put(scenario.repository, {"ruff.toml": 'lint.select = ["F"]\n'})
    git(scenario.repository, "add", "-A")
    git(scenario.repository, "commit", "-q", "-m", "Configure the linter")


def test_what_its_linter_objects_to_goes_back_to_the_code_agent(scenario: Scenario) -> None:
    configure_ruff(scenario)
    ended = scenario.run(GOOD_TESTS, coder(UNUSED, RIGHT))

    assert ended.status == "delivered", ended.reason
    assert "F401" in str(scenario.brief("code", 2).facts["repair"])
    assert "import os" not in git(scenario.repository, "show", "main:shop/prices.py")


def test_what_its_linter_objects_to_is_not_merged(scenario: Scenario) -> None:
    configure_ruff(scenario)
    before = git(scenario.repository, "rev-parse", "main")
    ended = scenario.run(GOOD_TESTS, coder(UNUSED, "object"))

    assert ended.status == "stopped"
    assert "contradicts" in ended.reason
    assert git(scenario.repository, "rev-parse", "main") == before
    assert not [row for row in scenario.rows if isinstance(row.body, Intent) and row.body.tool == "merge"]
    assert not [row for row in scenario.rows if isinstance(row.body, Denied) and row.body.tool == "merge"]


def test_an_index_that_does_not_answer_leaves_the_delivery_open(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("UV_HTTP_RETRIES", "0")
        broken.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
        with pytest.raises(Stopped, match=f"Check the network.*crew resume {scenario.delivery}"):
            scenario.run(GOOD_TESTS, coder(RIGHT))
    (listed,) = json.loads(status_json(scenario.folder / ".crew"))["deliveries"]
    assert listed["status"] == "waiting"
    assert "Check the network" in listed["reason"]

    ended = scenario.run(GOOD_TESTS, coder(RIGHT))
    assert ended.status == "delivered", ended.reason
    assert [each.visit for each in scenario.briefs if each.role == "design"] == [1]
