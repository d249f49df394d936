from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.sandbox import Sandbox
from tools.testing import (
    Coverage,
    Interpreter,
    MutationReport,
    SandboxRunner,
    mutate,
    run_tests,
    sandbox_runner,
)
from tools.testing.mutation import run as judging

ORDERS = """\
LIMIT = 10


class Refused(Exception):
    pass


def total(prices, discount):
    if not prices:
        raise Refused("empty")
    amount = sum(prices)
    if amount > LIMIT:
        amount = amount - discount
    return amount


def never(a):
    return a + 1


def wait(seconds):
    left = seconds
    while left > 0:
        left = left - 1
    return "done"
"""

TESTS = """\
import time
import pytest
from shop.orders import Refused, total, wait

def test_discount():
    assert total([11], 2) == 9

def test_small():
    time.sleep(0.3)
    assert total([4, 5], 2) == 9

def test_empty():
    with pytest.raises(Refused):
        total([], 0)

def test_wait():
    assert wait(3) == "done"
"""

FILES = {"shop/__init__.py": "", "shop/orders.py": ORDERS, "tests/test_orders.py": TESTS}
CHANGED = {"shop/orders.py": [(1, 99)], "tests/test_orders.py": [(1, 99)]}


@dataclass(frozen=True)
class Judge:
    """Puts mutants before the tests of a service, which were run once."""

    sandbox: Sandbox
    environment: Interpreter
    workspace: Path
    coverage: Coverage
    scratch: Path

    def __call__(self, changed: dict[str, list[tuple[int, int]]], **options: float) -> MutationReport:
        place = self.scratch / "scratch"
        bench = SandboxRunner(self.sandbox, self.environment, self.workspace, place)
        return mutate(bench, changed, self.coverage, "tree", **options)


@pytest.fixture(scope="module")
def judge(
    sandbox: Sandbox,
    environment: Interpreter,
    coverage: Interpreter,
    tmp_path_factory: pytest.TempPathFactory,
) -> Judge:
    workspace = tmp_path_factory.mktemp("judged")
    for name, text in FILES.items():
        (workspace / name).parent.mkdir(exist_ok=True)
        (workspace / name).write_text(text)
    place = tmp_path_factory.mktemp("scratch")
    report = run_tests(SandboxRunner(sandbox, environment, workspace, place, coverage=coverage))
    assert report.ok, report
    assert report.coverage is not None
    return Judge(sandbox, environment, workspace, report.coverage, place)


def test_what_the_tests_notice(judge: Judge) -> None:
    report = judge(CHANGED, seconds_each=3.0, limit=100)
    assert report.problem is None
    results = {(each.mutant.line, each.mutant.operator): each for each in report.verdicts}
    assert all(each.mutant.file == "shop/orders.py" for each in report.verdicts)
    assert results[(9, "boolean")].result == "killed"
    assert results[(10, "removal")].result == "killed"
    assert results[(10, "removal")].killed_by == "tests/test_orders.py::test_empty"
    assert results[(13, "arithmetic")].tests == ("tests/test_orders.py::test_discount",)
    assert results[(12, "comparison")].result == "survived"  # nobody tries a total of just 10
    assert results[(18, "arithmetic")].result == "survived"  # nobody calls it
    assert results[(18, "arithmetic")].tests == ()
    assert results[(24, "arithmetic")].result == "timed_out"
    assert len(results[(1, "constant")].tests) == 4  # it runs at import
    assert {each.result for each in report.verdicts} == {"killed", "survived", "timed_out"}
    assert {each.mutant.line for each in report.survivors} >= {12, 18}
    assert (judge.workspace / "shop" / "orders.py").read_text() == ORDERS


def test_at_most_so_many(judge: Judge) -> None:
    report = judge({"shop/orders.py": [(8, 18)]}, limit=3)
    assert len(report.verdicts) == 3
    assert report.candidates == 10


def test_nothing_to_mutate(judge: Judge) -> None:
    report = judge({"README.md": [(1, 5)]})
    assert (report.verdicts, report.problem) == ((), None)


def test_tests_that_are_not_asked_are_counted(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "MOST_ASKED", 1)
    report = judge({"shop/orders.py": [(12, 12)]}, limit=1)
    (verdict,) = report.verdicts
    assert verdict.tests == ("tests/test_orders.py::test_small",), "it runs fewer lines than test_discount"
    assert verdict.left_out == 1


def test_time_that_ran_out_is_said(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_runner, "cores", lambda: 1)
    report = judge({"shop/orders.py": [(12, 12), (22, 25)]}, seconds=3.0, limit=100)
    assert {"There was no time left."} == {
        each.reason for each in report.verdicts if each.result == "not_run"
    }


def test_tests_that_fail_without_any_change_judge_nothing(judge: Judge, tmp_path: Path) -> None:
    shutil.copytree(judge.workspace, tmp_path / "other")
    tests = tmp_path / "other" / "tests" / "test_orders.py"
    tests.write_text(tests.read_text().replace("== 9", "== 8"))
    other = Judge(judge.sandbox, judge.environment, tmp_path / "other", judge.coverage, tmp_path)
    report = other({"shop/orders.py": [(13, 13)]}, limit=1)
    assert report.verdicts == ()
    assert "Without any change" in str(report.problem)


def test_no_tests_judge_nothing(judge: Judge, tmp_path: Path) -> None:
    other = Judge(judge.sandbox, judge.environment, judge.workspace, Coverage(), tmp_path)
    assert "nothing to judge" in str(other(CHANGED).problem)


def test_a_link_out_of_the_workspace_is_not_followed(judge: Judge, tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("x = 1\n")
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "a.py").symlink_to(tmp_path / "secret.py")
    lines = {"1": [0]}
    coverage = Coverage.model_validate(
        {"tests": ["t"], "seconds": [0.1], "lines": {"a.py": lines, "../secret.py": lines}}
    )
    other = Judge(judge.sandbox, judge.environment, tmp_path / "workspace", coverage, tmp_path)
    report = other({"a.py": [(1, 1)], "../secret.py": [(1, 1)]})
    assert (report.verdicts, report.candidates) == ((), 0)
