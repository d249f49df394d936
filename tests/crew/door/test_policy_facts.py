"""The code agent meets the tests that hold it to account through the real door: it cannot change them."""

from __future__ import annotations

import subprocess
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
from tools.projects.trees import repository, workspace_tree
from tools.redaction import Redactor
from tools.result import ToolResult, Workbench
from tools.test_integrity.protected_tests import is_protected

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


@pytest.mark.attack
@pytest.mark.parametrize("tool", ["write_file", "edit_file"])
def test_a_hard_link_does_not_reach_a_protected_test(act: Any, tool: str) -> None:
    test = act.bench.workspace / "tests/test_made.py"
    assert act("run_command", command=["ln", "tests/test_made.py", "helper.py"]).ok
    arguments = {"content": "x = 1\n"} if tool == "write_file" else {"old": "True", "new": "1"}
    assert act(tool, path="helper.py", **arguments).ok
    assert act("delete_file", path="helper.py").ok
    assert test.read_text() == TEST
    assert act("commit", message="Change nothing").code == "nothing_to_commit"


@pytest.mark.attack
def test_a_hard_link_that_nobody_made_with_a_command_is_not_written_through(act: Any) -> None:
    test = act.bench.workspace / "tests/test_made.py"
    (act.bench.workspace / "helper.py").hardlink_to(test)
    assert act("write_file", path="helper.py", content="x = 1\n").ok
    assert test.read_text() == TEST


@pytest.mark.attack
@pytest.mark.parametrize(
    "path", ["tests/Test_Made.py", "TESTS/test_made.py", "tests/test_re\u0301sume\u0301.py"]
)
def test_a_path_that_differs_in_case_or_unicode_form_is_protected(act: Any, path: str) -> None:
    bench = replace(act.bench, tests_written=lambda: frozenset({"tests/test_r\u00e9sum\u00e9.py"}))
    assert is_protected(bench, path)
    if path.isascii():
        assert act("write_file", path=path, content="x = 1\n").code == "denied"


@pytest.mark.attack
@pytest.mark.parametrize(
    "script",
    [
        "echo > tests/test_made.py",
        "rm tests/test_made.py",
        "cp tests/test_made.py a.py && rm tests/test_made.py && ln -s ../a.py tests/test_made.py",
        "mv tests real && ln -s real tests",
        "echo x > tests/TEST_MADE.py",
    ],
)
def test_what_is_committed_counts_not_what_was_written(act: Any, script: str) -> None:
    """However a protected test came to differ, the tree with it is not committed, and any command restores it."""
    subprocess.run(["sh", "-c", script], cwd=act.bench.workspace, check=True)
    refused = act("commit", message="Change a test")
    assert (refused.code, "would change the test tests/" in refused.summary) == ("denied", True)
    assert "tests.protected_tree" in str([row.body for row in act.ledger.rows(DELIVERY)])
    assert act("run_command", command=["true"]).data["put_back"]
    held, tree = repository(act.bench), workspace_tree(act.bench)
    assert held.text(tree, "tests/test_made.py") == TEST
    assert "tests/TEST_MADE.py" not in held.files(tree)
    assert act("commit", message="Change no protected test").ok


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
