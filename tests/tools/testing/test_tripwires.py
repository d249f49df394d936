"""Code that makes pytest report what it likes is noticed, and tests that do no such thing are not disturbed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.sandbox import Sandbox
from tools.testing import Coverage, Interpreter, SandboxRunner, TestReport, mutate
from tools.testing.outcomes import TestOutcome
from tools.testing.runner_reports import BrokenReport, RunEnd, RunReport
from tools.testing.sandbox_runner import Run
from tools.testing.tripwires import make_tripwires, without_tripwires

Runner = Callable[..., TestReport]
Files = dict[str, str]
NAMES = re.compile(r"test_[a-z]+s_[a-z_]+_and_")
"""Names of tripwires, but not of tests or of pytest's functions."""

TEST = (
    "import shop\n\n\ndef test_total():\n    assert shop.total([1, 2]) == 3\n\n\n"
    "def test_none():\n    assert shop.total([]) == 0\n"
)
BROKEN = "def total(prices):\n    return 7\n"
FORGED = """
import json, os, pathlib

def forge():
    report = pathlib.Path(os.readlink("/proc/self/fd/1")).parent / "first0.jsonl"
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    lines = [line for line in lines if line["kind"] != "finished"]
    lines = [line | ({"outcome": "passed", "message": ""} if line["kind"] == "test" else {}) for line in lines]
    report.write_text("".join(json.dumps(line) + "\\n" for line in [*lines, {"kind": "finished", "exit": 0}]))
"""
INTERFERING: dict[str, Files] = {
    "runtest is replaced": {
        "shop.py": "import _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n" + BROKEN
    },
    "the hook that calls tests is replaced": {"conftest.py": "def pytest_pyfunc_call():\n    return True\n"},
    "outcomes are replaced": {
        "conftest.py": "import pytest\n\n\n@pytest.hookimpl(wrapper=True)\ndef pytest_runtest_makereport():\n"
        "    report = yield\n    report.outcome = 'passed'\n    return report\n",
    },
    "assertions are removed": {
        "conftest.py": "import pytest\n\n\ndef pytest_collection_finish(session):\n    for item in session.items:\n"
        "        item.obj = lambda: None\n        item._obj = item.obj\n"
    },
    "the report is rewritten at the end": {
        "conftest.py": FORGED + "\ndef pytest_unconfigure():\n    forge()\n    os._exit(0)\n"
    },
}
UNITTEST = {
    "tests/test_shop.py": "import unittest\nimport shop\n\n\nclass Shop(unittest.TestCase):\n"
    "    def test_total(self):\n        self.assertEqual(shop.total([1, 2]), 3)\n\n"
    "    def test_none(self):\n        self.assertEqual(shop.total([]), 0)\n",
}
INTERFERING["unittest is replaced"] = UNITTEST | {
    "shop.py": "import unittest\nunittest.TestCase.run = lambda self, result=None: None\n"
    "unittest.TestCase.__call__ = unittest.TestCase.run\n" + BROKEN
}
INTERFERING["pytest's part of unittest is replaced"] = UNITTEST | {
    "shop.py": "import _pytest.unittest\n_pytest.unittest.TestCaseFunction.runtest = lambda self: None\n"
    + BROKEN
}
OTHERS: dict[str, Files] = {
    "a test ends the process": {"shop.py": "import os\ndef total(prices):\n    os._exit(0)\n"},
    "an import ends the process": {"shop.py": "import os\nos._exit(0)\n"},
    "a test exits": {"shop.py": "import sys\ndef total(prices):\n    sys.exit(0)\n"},
    "an import exits": {"shop.py": "import sys\nsys.exit(0)\n"},
    "the report is rewritten at exit": {
        "shop.py": FORGED + "\nimport atexit\natexit.register(forge)\n" + BROKEN,
    },
    "Python's own start is used": dict.fromkeys(
        ("sitecustomize.py", "usercustomize.py", "evil.pth", "tests/sitecustomize.py"),
        "import _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n",
    ),
}


@pytest.mark.attack
@pytest.mark.parametrize("files", INTERFERING.values(), ids=INTERFERING)
def test_tests_that_were_made_to_pass_are_not_believed(run: Runner, files: Files) -> None:
    report = run({"shop.py": BROKEN, "tests/test_shop.py": TEST} | files, reruns=0)
    assert not report.ok
    assert "so the tested code interferes with pytest" in str(report.problem)
    assert "A test that always fails was reported as passed" in str(report.problem)
    assert not NAMES.search(report.model_dump_json())


@pytest.mark.attack
@pytest.mark.parametrize("files", OTHERS.values(), ids=OTHERS)
def test_a_failure_stays_a_failure(run: Runner, files: Files) -> None:
    report = run({"shop.py": BROKEN, "tests/test_shop.py": TEST} | files, reruns=0)
    assert not report.ok
    assert not NAMES.search(report.model_dump_json())


ODD: Files = {
    "pytest.ini": "[pytest]\naddopts = --strict-markers --strict-config -x --doctest-modules\nxfail_strict = true\n"
    "filterwarnings = error\npython_files = check_*.py\npython_functions = check_*\nmarkers = known: a mark\n",
    "conftest.py": "import random\nimport pytest\n\nrandom.seed(0)\n\n\n@pytest.fixture(autouse=True)\n"
    "def only_known(request):\n    assert request.node.get_closest_marker('known')\n",
    "check_module.py": "import pytest\n\npytestmark = pytest.mark.known\nSTARTED = []\n\n\ndef setup_module():\n"
    "    STARTED.append(1)\n\n\ndef check_a():\n    assert STARTED == [1]\n\n\n"
    "def check_b():\n    assert STARTED == [1]\n",
    "check_class.py": "import unittest\nimport pytest\n\n\n@pytest.mark.known\nclass TestSteps:\n    started = []\n\n"
    "    @classmethod\n    def setup_class(cls):\n        cls.started.append(1)\n\n"
    "    def check_first(self):\n        assert self.started == [1]\n\n"
    "    def check_second(self):\n        assert self.started == [1]\n\n\n"
    "@pytest.mark.known\nclass Checks(unittest.TestCase):\n    def test_it(self):\n        self.assertTrue(True)\n",
}
DOCTEST = {
    "conftest.py": "",
    "shop.py": '"""\n>>> 1 + 1\n2\n"""\n',
    "pytest.ini": "[pytest]\naddopts = --doctest-modules\n",
}


@pytest.mark.parametrize(
    ("files", "count"),
    [(ODD, 5), (ODD | {"pytest.ini": ODD["pytest.ini"].replace(" -x", "")}, 5), (DOCTEST, 1)],
    ids=["odd settings", "no stop at a failure", "no modules"],
)
def test_a_projects_own_settings_hold(run: Runner, coverage: Interpreter, files: Files, count: int) -> None:
    report = run(files, new=["check_class.py"], reruns=1, coverage=coverage)
    assert report.ok, report
    assert len(report.passed) == len(report.tests) == count
    assert report.coverage is not None
    assert len(report.coverage.tests) == count
    assert not NAMES.search(report.model_dump_json())


@pytest.mark.parametrize("option", ["-x", "--maxfail=2"])
def test_a_run_that_stops_at_a_failure_tells_which(run: Runner, option: str) -> None:
    text = "def test_a(): pass\ndef test_b(): assert 0\ndef test_c(): pass\n"
    report = run({"test_it.py": text, "pytest.ini": f"[pytest]\naddopts = {option}\n"}, reruns=0)
    assert [each.id for each in report.failed] == ["test_it.py::test_b"]
    assert report.problem is None


def test_selected_tests_alone_are_run(run: Runner) -> None:
    report = run({"test_it.py": "def test_a(): pass\ndef test_b(): pass\n"}, ["test_it.py::test_a"], reruns=0)
    assert [each.id for each in report.tests] == ["test_it.py::test_a"]


def test_problems_are_told_without_them(run: Runner) -> None:
    report = run(
        {
            "test_it.py": "def test_a(): pass\n",
            "conftest.py": "def pytest_unconfigure():\n    raise RuntimeError('late')\n",
        },
        reruns=0,
    )
    assert "late" in str(report.problem)
    assert not NAMES.search(str(report.problem))


@pytest.mark.attack
def test_mutants_that_fail_every_test_are_not_taken_for_noticed(
    write: Callable[..., Path], sandbox: Sandbox, environment: Interpreter, tmp_path: Path
) -> None:
    """Code that knows its own text, and lets every test fail if that has changed, has proved nothing."""
    source = (
        "import _pytest.python, pathlib\n\nSAME = pathlib.Path(__file__).read_text().endswith('* 2\\n')\n\n\n"
        "def fail(self):\n    assert SAME\n\n\n_pytest.python.Function.setup = fail\n\n\n"
        "def total(prices):\n    return prices * 2\n"
    )
    test = "import shop\n\n\ndef test_total():\n    shop.total(2)\n"
    workspace = write({"shop.py": source, "test_shop.py": test})
    runner = SandboxRunner(sandbox, environment, workspace, tmp_path / "scratch")
    covered = Coverage(tests=("test_shop.py::test_total",), seconds=(0.1,), lines={"shop.py": {14: (0,)}})
    report = mutate(runner, {"shop.py": [(14, 14)]}, covered, seed="a")
    assert report.problem is None
    assert {each.result for each in report.verdicts} == {"not_run"}


RUN = Run(name="first0", tripwires=make_tripwires(), seconds=1)
FAILS = next(each.name for each in RUN.tripwires if each.fails)


def judged(outcomes: dict[str, str], exit_code: int = 1) -> tuple[RunEnd, RunReport]:
    """Judge a report in which the tripwires have their own outcomes, but for those that are given."""
    said = {each.name: "failed" if each.fails else "passed" for each in RUN.tripwires} | outcomes
    tests = [
        TestOutcome.model_validate({"id": f"test_it.py::{name}", "outcome": outcome})
        for name, outcome in said.items()
        if outcome
    ]
    collected = tuple(f"test_it.py::{name}" for name in said)
    report = RunReport(tests=tuple(tests), collected=collected, exit=exit_code)
    return without_tripwires(RUN, RunEnd(exit=exit_code, seconds=1, timed_out=False), report)


def test_a_run_is_as_if_it_had_none() -> None:
    end, said = judged({"test_a": "passed"})
    assert (end.exit, said.exit, said.contradiction(end)) == (0, 0, None)
    assert said.collected == ("test_it.py::test_a",)
    end, said = judged({"test_a": "failed"})
    assert (end.exit, [each.id for each in said.tests]) == (1, ["test_it.py::test_a"])
    assert judged({"test_a": "failed", FAILS: ""})[0].exit == 1
    assert judged({"test_a": "passed"}, exit_code=2)[0].exit == 2


@pytest.mark.attack
@pytest.mark.parametrize(
    ("forged", "exit_code"),
    [
        ({FAILS: "passed"}, 1),
        ({FAILS: "skipped"}, 1),
        ({FAILS: ""}, 1),
        ({FAILS: "passed"}, 0),
        ({}, 0),
        *(({each.name: "failed"}, 1) for each in RUN.tripwires if not each.fails),
        *(({each.name: ""}, 1) for each in RUN.tripwires if not each.fails),
    ],
)
def test_what_cannot_be_is_refused(forged: dict[str, str], exit_code: int) -> None:
    with pytest.raises(BrokenReport, match="cannot be trusted"):
        judged({"test_a": "passed"} | forged, exit_code)


def test_no_two_runs_have_the_same() -> None:
    made = [make_tripwires() for _ in range(20)]
    assert len({each.name for tripwires in made for each in tripwires}) > 50
    assert {json.dumps([each.fails for each in tripwires]) for tripwires in made} > {"[true, false, false]"}
    for each in made[0]:
        namespace: dict[str, Callable[[], None]] = {}
        exec(each.source, namespace)
        if each.fails:
            with pytest.raises(AssertionError):
                namespace[each.name]()
        else:
            namespace[each.name]()
