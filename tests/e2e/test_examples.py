"""Example tests in a delivery to a repository that people made: what proves something is kept, the rest goes.

Everything is real but the model, which says what a test wrote for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from crew.app import AppContext, Settings, open_app
from crew.brief import Brief, read_brief
from crew.models.by_url import role_models
from crew.models.role_model import RoleModel
from crew.records.rows import Outcome
from crew.report import delivery_report
from crew.settings.config import Config
from crew.stories import load
from graphs.run import begin, deliver
from tests.e2e.conftest import PERSON
from tests.graphs.models import ScriptedModel
from tests.tools.deliveries import git, put

pytestmark = pytest.mark.slow

STORY = """service: shop
repo: ./shop
stories:
  - id: SH-1
    title: Discounts
    story: As a customer, I want ten percent off from 100 up, so that I come back.
    acceptance:
      - From a total of 100 up, ten percent is taken off; below nothing is.
      - A negative total is refused with a ValueError.
"""
FILES: dict[str, str | bytes] = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n[project.optional-dependencies]\n'
    'test = ["pytest>=8"]\n[tool.pytest.ini_options]\naddopts = "-q"\n',
    "shop/__init__.py": "",
    "shop/prices.py": '"""Prices."""\n\n\ndef total(prices):\n    return sum(prices)\n',
    "tests/test_prices.py": "from shop.prices import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n",
}
RIGHT = '''"""Prices."""


def total(prices):
    return sum(prices)


def discounted(amount):
    """Return what is paid for an amount."""
    if amount < 0:
        raise ValueError("a negative total")
    return amount * 9 // 10 if amount >= 100 else amount
'''
HEAD = "import random\n\nimport pytest\n\nfrom shop.prices import discounted, total\n\n\n"
GOOD = """def test_sh_1_1_from_100_up():
    assert (discounted(99), discounted(100), discounted(200)) == (99, 90, 180)


@pytest.mark.parametrize("amount", [-1, -100])
def test_sh_1_2_refuses(amount):
    with pytest.raises(ValueError):
        discounted(amount)
"""
FLAKY = """

def test_sh_1_1_by_chance():
    assert discounted(100) == 90 and random.SystemRandom().random() < 0.5
"""
IDLE = """

def test_sh_1_2_proves_nothing():
    assert total([1]) == 1
"""
WRONG = """

def test_sh_1_1_wrong():
    assert discounted(10) == 9
"""
FILE = "tests/test_sh_1_examples.py"
Play = Callable[[Brief, list[ToolMessage]], tuple[str, dict[str, Any]]]


class Scenario:
    """A delivery to the shop whose every role is played by a function."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = folder / "shop"
        self.repository.mkdir()
        git(self.repository, "init", "-q", "-b", "main")
        put(self.repository, FILES)
        git(self.repository, "add", "-A")
        git(self.repository, "commit", "-q", "-m", "Start")
        (folder / "stories.yaml").write_text(STORY)
        self.briefs: list[Brief] = []
        self.app: AppContext
        self.delivery = ""

    def run(self, content: str, code: Play, gives_up: bool = False, designer: Play | None = None) -> Any:
        """Deliver the story with these example tests and this code agent; the first model may give up after writing."""
        home = self.folder / ".crew"
        plays = {"design": designer or design, "code": code, "governance": govern, "testing": writer(content)}
        offline = role_models(Config(), home)

        def reply(messages: list[BaseMessage]) -> AIMessage:
            brief = read_brief(messages[1])
            results = [each for each in messages if isinstance(each, ToolMessage)]
            if not results:
                self.briefs.append(brief)
            said = plays[brief.role](brief, results)
            if said[0] == "offline":
                found = offline(brief.role)[0].model.invoke(messages)
                assert isinstance(found, AIMessage)
                return found
            name, arguments = said
            reasons = {"rationale": "As it seems right.", "evidence": [brief.evidence["story"]]}
            call = {"name": name, "args": arguments | reasons, "id": f"c{len(results)}"}
            return AIMessage(content="", tool_calls=[call])

        def tired(messages: list[BaseMessage]) -> AIMessage:
            wrote = any(isinstance(each, ToolMessage) for each in messages)
            return AIMessage(content="I would rather talk.") if wrote else reply(messages)

        role_model = RoleModel(name="scripted", model=ScriptedModel(reply=reply))
        first = RoleModel(name="tired", model=ScriptedModel(reply=tired))

        def chain(name: str) -> tuple[RoleModel, ...]:
            return (first, *offline(name)) if gives_up and name == "testing" else (role_model,)

        with open_app(Settings(home=home, engine="regopy", yes=True), chain) as app:
            self.app = app
            if not self.delivery:
                (self.delivery,) = begin(app, load(self.folder / "stories.yaml"))
            ended = deliver(app, self.delivery)
            self.report = delivery_report(app.ledger, app.artifacts, self.delivery)
            self.rows = app.ledger.rows(self.delivery)
            self.kept = [
                json.loads(app.artifacts.get(str(row.body.result)))["data"]
                for row in app.ledger.rows(self.delivery, Outcome)
                if row.body.tool == "keep_examples"
            ]
        return ended

    def brief(self, role: str, visit: int) -> Brief:
        """Return what a role was told."""
        return next(each for each in self.briefs if (each.role, each.visit) == (role, visit))


def design(brief: Brief, results: list[ToolMessage]) -> tuple[str, dict[str, Any]]:
    criteria = [{"id": each["id"], "outcome": "covered"} for each in brief.story["criteria"]]  # type: ignore[union-attr,index,call-overload]
    return "answer", {"summary": "A function for it.", "criteria": criteria}


def writer(content: str) -> Play:
    def play(brief: Brief, results: list[ToolMessage]) -> tuple[str, dict[str, Any]]:
        if brief.facts.get("task") != "examples":
            return "offline", {}
        if not results:
            return "write_examples", {"content": content}
        written = json.loads(str(results[0].content))["ok"]
        return "answer", {"summary": "Examples.", "none": "" if written else "They are refused."}

    return play


def govern(brief: Brief, results: list[ToolMessage]) -> tuple[str, dict[str, Any]]:
    return "offline", {}


def coder(*attempts: str) -> Play:
    """Write an attempt a visit, install, commit; the last one may object instead."""

    def play(brief: Brief, results: list[ToolMessage]) -> tuple[str, dict[str, Any]]:
        text = attempts[min(brief.visit, len(attempts)) - 1]
        if text == "object":
            finding = {"severity": "blocking", "what": "test_sh_1_1_wrong contradicts SH-1.1.", "file": FILE}
            return "answer", {"summary": "A test is wrong.", "findings": [finding]}
        steps = [
            ("write_file", {"path": "shop/prices.py", "content": text}),
            ("write_file", {"path": FILE, "content": "def test_sh_1_1_x(): pass\n"}),
            ("install_dependencies", {}),
            ("commit", {"message": "Take off ten percent"}),
            ("answer", {"summary": "Done."}),
        ]
        return steps[len(results)]

    return play


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scenario]:
    for name, value in PERSON.items():
        monkeypatch.setenv(name, value)
    yield Scenario(tmp_path)


def names(records: list[dict[str, str]]) -> list[str]:
    return [each["test"].rpartition("::")[2] for each in records]


def test_what_proves_something_is_kept_and_the_rest_dropped(scenario: Scenario) -> None:
    ended = scenario.run(HEAD + GOOD + FLAKY + IDLE, coder(RIGHT))

    assert ended.status == "delivered", ended.reason
    (kept,) = scenario.kept
    assert names(kept["kept"]) == ["test_sh_1_1_from_100_up", "test_sh_1_2_refuses"]
    assert {each["test"].rpartition("::")[2]: each["why"] for each in kept["dropped"]} == {
        "test_sh_1_1_by_chance": "its result changes when it is run again",
        "test_sh_1_2_proves_nothing": "it runs no line for which there is a mutant",
    }
    merged = git(scenario.repository, "show", f"main:{FILE}")
    assert merged.rstrip("\n") == (HEAD + GOOD).rstrip("\n")
    log = git(scenario.repository, "log", "--format=%an: %s", "main")
    assert "crew agent: Drop 2 example tests that prove nothing: test_sh_1_1_by_chance" in log
    assert "testing agent: Add example tests of SH-1.1, SH-1.2, before the code" in log
    assert [each.tests for each in scenario.report.criteria] == [
        (f"{FILE}::test_sh_1_1_from_100_up",),
        (f"{FILE}::test_sh_1_2_refuses",),
    ]
    assert scenario.brief("testing", 2).facts.get("task") is None
    told = scenario.brief("testing", 1).facts
    assert (told["criteria"], told["file"]) == (["SH-1.1", "SH-1.2"], FILE)
    assert "def test_total" in str(told["style"])
    assert scenario.brief("code", 1).facts["examples"] == FILE
    # The code agent tried to write the file of tests, and was refused.
    denied = [row.body for row in scenario.rows if row.kind == "denied"]
    assert [each.tool for each in denied] == ["write_file"]


def test_wrong_code_is_sent_back_by_an_example_and_mended(scenario: Scenario) -> None:
    ended = scenario.run(HEAD + GOOD, coder(RIGHT.replace(">= 100", "> 100"), RIGHT))

    assert ended.status == "delivered", ended.reason
    first, second = scenario.kept
    assert names(first["failing"]) == ["test_sh_1_1_from_100_up"]
    assert (second["failing"], second["dropped"]) == ([], [])
    assert "test_sh_1_1_from_100_up" in str(scenario.brief("code", 2).facts["repair"])


def test_a_wrong_example_sends_back_and_an_objection_stops(scenario: Scenario) -> None:
    ended = scenario.run(HEAD + GOOD + WRONG, coder(RIGHT, "object"))

    assert ended.status == "stopped"
    assert "contradicts SH-1.1" in ended.reason
    assert "The design agent was told this 1 time and left the design as it is." in ended.reason
    (kept,) = scenario.kept
    assert names(kept["failing"]) == ["test_sh_1_1_wrong"]
    assert "test_sh_1_1_wrong" in str(scenario.brief("code", 2).facts["repair"])


def test_what_may_not_stand_in_examples_goes_back(scenario: Scenario) -> None:
    bad = "import requests\nimport pytest\n\n\n@pytest.mark.skip\ndef test_other():\n    assert True\n"
    ended = scenario.run(bad, coder(RIGHT))

    assert ended.status == "delivered", ended.reason
    assert scenario.kept == []
    said = [
        str(row.body.summary)
        for row in scenario.rows
        if row.kind == "outcome" and row.body.tool == "write_examples"
    ]
    assert len(said) == 1
    for part in ("requests cannot be imported", "skip hides", "asserting a constant", "belongs to no criterion",
                 "SH-1.2 has no test"):  # fmt: skip
        assert part in said[0]


def test_what_a_model_wrote_that_gave_up_is_taken_back(scenario: Scenario) -> None:
    ended = scenario.run(HEAD + GOOD + WRONG, coder(RIGHT), gives_up=True)

    assert ended.status == "delivered", ended.reason
    assert scenario.kept == []
    # Nothing of it is left: the path was free for the code agent's own test.
    assert git(scenario.repository, "show", f"main:{FILE}") == "def test_sh_1_1_x(): pass\n"
    said = [row.body.arguments for row in scenario.rows if row.kind == "concluded"]
    assert "No example tests." in str(said)
