"""What each test is worth, in a real sandbox with real runs of pytest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.sandbox import Limits, Sandbox
from tools.testing import Interpreter
from tools.testing.mutation.test_strength import StrengthReport, measure_strength
from tools.testing.sandbox_runner import SandboxRunner

pytestmark = pytest.mark.slow

CODE = """\
def fare(age):
    if age < 6:
        return 0
    return 3


def name():
    return "north"


def other(age):
    return age + 1
"""
TESTS = """\
import random
import pytest
from rail.fares import fare, name, other

def test_good():
    assert fare(5) == 0 and fare(6) == 3

@pytest.mark.parametrize("age", [5, 6])
def test_each(age):
    assert fare(age) == (0 if age < 6 else 3)

def test_loose():
    assert fare(5) is not fare

def test_flaky():
    assert random.SystemRandom().random() < 0.5

def test_wrong():
    assert fare(4) == 1

def test_elsewhere():
    assert other(1) == 2

def test_text():
    assert name() == "north"

def test_late_skip():
    pytest.skip("later")
"""


@pytest.fixture
def judge(
    write: Callable[..., Path],
    sandbox: Sandbox,
    environment: Interpreter,
    coverage: Interpreter,
    tmp_path: Path,
) -> Callable[..., StrengthReport]:
    def go(tests: str = TESTS, before: dict[str, str] | None = None, seconds: float = 60) -> StrengthReport:
        workspace = write({"rail/__init__.py": "", "rail/fares.py": CODE, "tests/test_rail.py": tests})
        limits = Limits(wall_seconds=seconds)
        bench = SandboxRunner(
            sandbox, environment, workspace, tmp_path / "scratch", limits, coverage=coverage
        )
        return measure_strength(
            bench, ["tests/test_rail.py"], {"rail/fares.py": [(1, 8)]}, "seed", before=before
        )

    return go


def results(report: StrengthReport) -> dict[str, str]:
    return {each.test.rpartition("::")[2]: each.result for each in report.tests}


def test_each_test_is_judged_by_itself(judge: Callable[..., StrengthReport]) -> None:
    report = judge()

    assert report.problem is None
    assert results(report) == {
        "test_good": "kept",
        "test_each": "kept",
        "test_loose": "proves_nothing",
        "test_flaky": "flaky",
        "test_wrong": "fails",
        "test_elsewhere": "proves_nothing",  # its lines were not written by the change
        "test_text": "kept",  # the one mutant of its line is to return nothing
        "test_late_skip": "proves_nothing",
    }
    whys = {each.test.rpartition("::")[2]: each.why for each in report.tests}
    assert "assert 0 == 1" in whys["test_wrong"]
    assert whys["test_elsewhere"] == "it runs no line for which there is a mutant"
    assert whys["test_loose"].startswith("it passes on all")
    again = judge()
    assert [each for each in again.tests if each.result != "flaky"] == [
        each for each in report.tests if each.result != "flaky"
    ]


def test_the_change_taken_back_judges_what_has_no_other_mutant(judge: Callable[..., StrengthReport]) -> None:
    tests = "from rail.fares import other\n\ndef test_other():\n    assert other(1) == 2\n\n"
    tests += "def test_idle():\n    pass\n"
    before = {"rail/fares.py": CODE.replace("age + 1", "age + 2")}

    report = judge(tests, before)

    assert results(report) == {"test_other": "kept", "test_idle": "proves_nothing"}
    assert report.tests[0].why == "it notices `the change is reverted`"


def test_what_does_not_import_fails_as_a_whole(judge: Callable[..., StrengthReport]) -> None:
    report = judge("import rail.nowhere\n\ndef test_a():\n    pass\n")

    assert results(report) == {"tests/test_rail.py": "fails"}


def test_what_does_not_end_is_a_problem(judge: Callable[..., StrengthReport]) -> None:
    report = judge("def test_a():\n    while True:\n        pass\n", seconds=3)

    assert report.tests == ()
    assert "did not finish" in str(report.problem)
