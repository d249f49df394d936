"""The code agent meets the tests that hold it to account through the real door: it cannot change them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crew.door.call import Call
from crew.door.door import Door
from crew.door.policy_facts import Facts
from crew.evidence.evidence import written_by
from crew.records.artifacts import ArtifactStore
from crew.records.bus import Bus
from crew.records.ledger import Ledger
from tests.crew.doors import policies
from tests.crew.rows import write
from tests.tools.deliveries import DELIVERY, delivery, git
from tools.catalogue.registry import CATALOGUE
from tools.git import agent, commit_generation
from tools.projects.trees import repository
from tools.redaction import Redactor
from tools.result import ToolResult, Workbench

TEST = "def test_a():\n    assert True\n"
MADE = {"blueprint.yaml": "a: 1\n", "tests/test_made.py": TEST}
Act = Callable[..., ToolResult]


@pytest.fixture(scope="module")
def policy() -> Iterator[Any]:
    engine = policies()
    yield engine
    engine.close()


@pytest.fixture
def act(tmp_path: Path, policy: Any) -> Iterator[Act]:
    bench = delivery(tmp_path, {**MADE, "tests/test_own.py": TEST, "app.py": "x = 1\n"})
    held = repository(bench)
    first = commit_generation(held, MADE, None, "Generate shop", agent("code"), bench.when, Redactor(()))
    git(
        bench.repository, "merge", "-q", "--allow-unrelated-histories", "-s", "ours", "-m", "Generated", first
    )
    ledger = Ledger(bench.home / "ledger.db", Redactor(()))
    artifacts = ArtifactStore(bench.home / "artifacts", Redactor(()))
    story = artifacts.put(b"{}")
    write(ledger, DELIVERY, "opened", "opened", {"story": "FIX-1", "artifacts": [story]})
    bench = replace(bench, tests_written=lambda: written_by(ledger, DELIVERY, "testing"))
    door = door_of(bench, ledger, artifacts, policy)
    steps = iter(range(1, 100))

    def go(tool: str, role: str = "code", **arguments: Any) -> ToolResult:
        place = {"delivery": DELIVERY, "role": role, "visit": 1, "step": next(steps), "index": 0}
        said = {"tool": tool, "arguments": arguments, "rationale": "Needed.", "evidence": (story,)}
        return door.act(Call.model_validate(place | said))

    go.bench = bench  # type: ignore[attr-defined]
    go.ledger = ledger  # type: ignore[attr-defined]
    yield go
    ledger.close()


def door_of(bench: Workbench, ledger: Ledger, artifacts: ArtifactStore, policy: Any) -> Door:
    return Door(
        tools=CATALOGUE,
        workbench=bench,
        ledger=ledger,
        artifacts=artifacts,
        policy=policy,
        facts=Facts(bench, ledger, artifacts),
        redact=Redactor(()),
        bus=Bus(),
    )


def tested_by_the_testing_agent(act: Any) -> None:
    """As its rows would be, had it the tool."""
    bench, ledger = act.bench, act.ledger
    (bench.workspace / "tests/test_story.py").write_text(TEST)
    said = {"path": "tests/test_story.py", "content": TEST}
    write(ledger, DELIVERY, "intent", "a-9", {"role": "testing", "tool": "write_file", "arguments": said})
    write(ledger, DELIVERY, "outcome", "a-9", {"role": "testing", "tool": "write_file", "ok": True})


@pytest.mark.parametrize(
    "path", ["tests/test_made.py", "tests/test_story.py", "tests//test_made.py", "mine/test_made.py"]
)
def test_protected_tests_stay_as_they_are(act: Any, path: str) -> None:
    tested_by_the_testing_agent(act)
    (act.bench.workspace / "mine").symlink_to("tests")
    for result in (
        act("write_file", path=path, content="x"),
        act("edit_file", path=path, old="True", new="1"),
        act("delete_file", path=path),
    ):
        assert (result.code, "may not change generated tests" in result.summary) == ("denied", True)
    assert (act.bench.workspace / path).read_text() == TEST


def test_other_files_may_be_changed(act: Any) -> None:
    tested_by_the_testing_agent(act)
    assert act("edit_file", path="tests/test_own.py", old="True", new="1").ok
    assert act("write_file", path="tests/test_new.py", content=TEST).ok
    assert act("delete_file", path="app.py").ok


def test_a_command_puts_them_back(act: Any) -> None:
    tested_by_the_testing_agent(act)
    result = act(
        "run_command",
        command=["sh", "-c", "echo > tests/test_made.py; rm tests/test_story.py tests/test_own.py"],
    )
    assert result.data["put_back"] == ["tests/test_made.py", "tests/test_story.py"]
    assert result.data["changed"] == ["tests/test_own.py"]
    assert (act.bench.workspace / "tests/test_story.py").read_text() == TEST


def test_searching_leads_nowhere_else(act: Any) -> None:
    (act.bench.workspace / "link").symlink_to("/etc")
    for folder in ("link", "/etc", "../..", ".git"):
        assert act("search_files", pattern="root", folder=folder).code == "denied"


def test_the_last_answer_of_each_role_says_what_it_objects_to(tmp_path: Path) -> None:
    bench = delivery(tmp_path, {"app.py": "x = 1\n"})
    ledger = Ledger(bench.home / "ledger.db", Redactor(()))
    artifacts = ArtifactStore(bench.home / "artifacts", Redactor(()))
    grave = {"severity": "blocking", "what": "It logs tokens.", "file": "app.py", "line": 1}
    mild = grave | {"severity": "warning"}
    for number, (role, finding) in enumerate(
        [("testing", grave), ("governance", mild), ("governance", grave), ("testing", mild), ("design", None)]
    ):
        answer = {"summary": "Read."} | ({"findings": [finding]} if finding else {})
        call = {"role": role, "tool": "answer", "arguments": answer, "rationale": "So.", "evidence": ["a-1"]}
        write(ledger, DELIVERY, "concluded", f"a-{number}", call)

    facts = Facts(bench, ledger, artifacts)
    assert facts._sources.objections() == ["The governance agent: app.py:1: It logs tokens."]
    ledger.close()
