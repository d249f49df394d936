from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.sandbox import Limits, Sandbox
from tools.testing import Interpreter, SandboxRunner, TestReport, run_tests

Runner = Callable[..., TestReport]

PRICES = "LIMIT = 10\n\n\ndef total(a, b):\n    if a > LIMIT:\n        return LIMIT\n    return a + b\n"


def outcomes(report: TestReport) -> dict[str, str]:
    return {each.id.rpartition("::")[2]: each.outcome for each in report.tests}


def test_every_way_a_test_can_go(run: Runner) -> None:
    report = run(
        {
            "shop/prices.py": PRICES,
            "tests/test_prices.py": """
import pytest
from shop.prices import total

@pytest.fixture
def broken():
    raise RuntimeError("no database")

@pytest.fixture
def untidy():
    yield
    raise RuntimeError("not tidied up")

@pytest.mark.parametrize("number", [1, 2])
def test_sum(number):
    assert total(number, 1) == number + 1

def test_wrong():
    assert total(1, 2) == 4

def test_setup(broken):
    pass

def test_teardown(untidy):
    pass

@pytest.mark.skip(reason="later")
def test_skipped():
    pass

@pytest.mark.xfail(reason="known")
def test_expected():
    assert False

@pytest.mark.xfail(strict=True)
def test_unexpected():
    pass
""",
        },
        reruns=0,
    )
    assert outcomes(report) == {
        "test_sum[1]": "passed",
        "test_sum[2]": "passed",
        "test_wrong": "failed",
        "test_setup": "errored",
        "test_teardown": "errored",
        "test_skipped": "skipped",
        "test_expected": "skipped",
        "test_unexpected": "failed",
    }
    assert not report.ok
    assert (report.problem, report.ending, report.exit_code) == (None, "exited", 1)
    wrong = next(each for each in report.failed if each.id == "tests/test_prices.py::test_wrong")
    assert "assert 3 == 4" in wrong.message
    assert "test_prices.py" in wrong.traceback
    assert {each.message for each in report.skipped} == {"Skipped: later", "known"}
    assert {each.message for each in report.errored} >= {"RuntimeError: no database"}


def test_all_pass(run: Runner, tmp_path: Path) -> None:
    report = run(
        {"shop/prices.py": PRICES, "test_it.py": "def test_it():\n    open('left', 'w').write('x')\n"}
    )
    assert report.ok
    assert [each.id for each in report.passed] == ["test_it.py::test_it"]
    assert sorted(each.name for each in (tmp_path / "workspace").iterdir()) == ["shop", "test_it.py"]


def test_select(run: Runner) -> None:
    files = {
        "test_it.py": "def test_a(): pass\ndef test_b(): pass\n",
        "test_other.py": "def test_c(): pass\n",
    }
    assert set(outcomes(run(files, ["test_it.py::test_b", "test_other.py"]))) == {"test_b", "test_c"}


@pytest.mark.parametrize(
    ("files", "select", "said"),
    [
        pytest.param({"shop.py": ""}, [], "No tests ran", id="no tests"),
        pytest.param(
            {"test_it.py": "import pytest\n@pytest.mark.skip\ndef test_a(): pass\n"},
            [],
            "skipped",
            id="all skipped",
        ),
        pytest.param(
            {"test_it.py": "def test_a(): pass\n"}, ["gone.py"], "gone.py", id="a file that is not there"
        ),
        pytest.param(
            {"test_it.py": "def test_a(): pass\n"}, ["--co"], "not the name", id="an option as a name"
        ),
        pytest.param({"test_it.py": "def test_a(): pass\n"}, [""], "not the name", id="an empty name"),
        pytest.param(
            {"test_it.py": "def test_a(): pass\n", "conftest.py": "import nothing_there\n"},
            [],
            "nothing_there",
            id="a conftest that cannot be imported",
        ),
        pytest.param(
            {"test_it.py": "import os\ndef test_a(): pass\ndef test_b(): os._exit(0)\n"},
            [],
            "broke off",
            id="an end by force that looks like a success",
        ),
        pytest.param(
            {"test_it.py": "import os, signal\ndef test_a(): os.kill(os.getpid(), signal.SIGSEGV)\n"},
            [],
            "broke off",
            id="a crash",
        ),
        pytest.param(
            {
                "test_it.py": "def test_a(): assert False\n",
                "conftest.py": "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
            },
            [],
            "but",
            id="an exit code that was changed",
        ),
        pytest.param(
            {
                "test_it.py": "def test_a(): assert False\ndef test_b(): pass\n",
                "conftest.py": "def pytest_runtest_protocol(item): return item.name == 'test_a' or None\n",
            },
            [],
            "test_a did not pass",
            id="a test that was swallowed",
        ),
    ],
)
def test_what_cannot_be_believed_is_a_failure(
    run: Runner, files: dict[str, str], select: list[str], said: str
) -> None:
    report = run(files, select, reruns=0)
    assert not report.ok
    assert said in str(report.problem)


def test_a_file_that_cannot_be_imported_is_an_error_of_its_own(run: Runner) -> None:
    report = run({"test_it.py": "import nothing_there\n", "test_good.py": "def test_a(): pass\n"}, reruns=0)
    assert not report.ok
    assert [(each.id, "nothing_there" in each.message) for each in report.errored] == [("test_it.py", True)]


def test_tests_that_do_not_end(run: Runner) -> None:
    report = run({"test_it.py": "def test_a():\n    while True: pass\n"}, limits=Limits(wall_seconds=2))
    assert not report.ok
    assert "did not finish within 2 s" in str(report.problem)


def test_a_report_that_is_a_link_or_a_pipe_is_not_read(run: Runner) -> None:
    forged = """
import os, pathlib
def test_a():
    out = pathlib.Path(os.readlink("/proc/self/fd/1")).parent / "first0.jsonl"
    out.unlink()
    {plant}
"""
    for plant in ("out.symlink_to('/etc/passwd')", "os.mkfifo(out)", "out.mkdir()"):
        report = run({"test_it.py": forged.format(plant=plant), "pytest.ini": "[pytest]\naddopts = -s\n"})
        assert not report.ok
        assert "report" in str(report.problem), plant


def test_flaky_and_failing_tests(run: Runner) -> None:
    report = run(
        {
            "test_it.py": """
STATE = []

def test_first():
    STATE.append(1)

def test_needs_the_first():
    assert STATE

def test_always_wrong():
    assert False

def test_old_and_fine():
    pass
""",
        },
        new=["test_it.py::test_needs_the_first"],
        reruns=2,
    )
    assert [(each.id, each.outcomes) for each in report.flaky] == [
        ("test_it.py::test_needs_the_first", ("passed", "failed", "failed"))
    ]
    assert [each.id for each in report.failed] == ["test_it.py::test_always_wrong"]


def test_names_of_new_tests_that_are_not_there(run: Runner) -> None:
    report = run({"test_it.py": "def test_a(): pass\n"}, new=["gone.py", "test_gone.py::test_b", "--co", ""])
    assert report.ok


def test_new_tests_that_hold_are_not_flaky(run: Runner) -> None:
    report = run({"tests/test_it.py": "def test_a(): pass\n"}, new=["tests"], reruns=2)
    assert report.ok
    assert report.flaky == ()


def test_a_flaky_test_is_not_ok(run: Runner) -> None:
    text = (
        "import os\ndef test_a():\n    assert os.path.basename(os.path.dirname(os.getcwd())) == 'failing2'\n"
    )
    report = run({"test_it.py": text, "test_good.py": "def test_b(): pass\n"}, reruns=2)
    assert not report.ok
    assert [each.outcomes for each in report.flaky] == [("failed", "failed", "passed")]


def test_hypothesis_has_a_fixed_seed(run: Runner) -> None:
    text = """
from hypothesis import given, strategies as st
DRAWN = []

@given(st.integers())
def test_a(number):
    DRAWN.append(number)

def test_b():
    raise AssertionError(str(DRAWN))
"""
    first, second = (run({"test_it.py": text}, reruns=0).failed[0].message for _ in range(2))
    assert first.count(",") > 50
    assert first == second


def test_the_environment_is_clean(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_MACHINE", "x")
    text = "import os\ndef test_a():\n    assert 'SECRET_OF_THE_MACHINE' not in os.environ\n"
    text += "    assert os.environ['GIVEN'] == '1'\n"
    assert run({"test_it.py": text}, variables={"GIVEN": "1"}).ok


def test_modules_of_the_service_are_not_hidden_by_ours(run: Runner) -> None:
    text = "import plugin, runner\ndef test_a():\n    assert plugin.MINE and runner.MINE\n"
    assert run({"plugin.py": "MINE = 1\n", "runner.py": "MINE = 1\n", "test_it.py": text}).ok


class TestCoverage:
    def test_which_test_runs_which_line(self, run: Runner, coverage: Interpreter) -> None:
        report = run(
            {
                "shop/prices.py": PRICES,
                "tests/test_prices.py": """
import threading
import time
from shop.prices import total

def test_small():
    time.sleep(0.2)
    assert total(1, 2) == 3

def test_large():
    assert total(11, 2) == 10

def test_in_a_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(total(12, 2)))
    thread.start()
    thread.join()
    assert found == [10]

def test_wrong():
    assert total(1, 2) == 4
""",
            },
            coverage=coverage,
            reruns=0,
        )
        assert report.coverage is not None
        names = {
            line: {test.rpartition("::")[2] for test in report.coverage.covering("shop/prices.py", line)}
            for line in (1, 3, 4, 5, 6, 7)
        }
        everything = {"test_small", "test_large", "test_in_a_thread"}
        assert names == {
            1: everything,
            3: set(),
            4: everything,
            5: everything,
            6: {"test_large", "test_in_a_thread"},
            7: {"test_small"},
        }
        assert report.coverage.covering("shop/prices.py", 5)[0].endswith("test_small")
        assert report.coverage.covering("shop/unknown.py", 1) == ()

    def test_the_service_does_not_find_the_crews_packages(self, run: Runner, coverage: Interpreter) -> None:
        text = "import pytest\ndef test_a():\n    with pytest.raises(ImportError):\n"
        text += "        import tool_of_the_crew\n"
        assert run({"test_it.py": text}, coverage=coverage).ok

    def test_it_survives_the_artifact_store(self, run: Runner, coverage: Interpreter) -> None:
        report = run(
            {"shop.py": "X = 1\n", "test_it.py": "import shop\ndef test_a(): pass\n"}, coverage=coverage
        )
        assert type(report).model_validate_json(report.model_dump_json()) == report


def test_the_workspace_is_out_of_reach(
    write: Callable[..., Path], sandbox: Sandbox, environment: Interpreter, tmp_path: Path
) -> None:
    workspace = write({"test_it.py": ""})
    text = f"""
import pathlib, pytest
def test_a():
    with pytest.raises(OSError):
        pathlib.Path({str(workspace)!r}, "test_it.py").write_text("def test_a(): pass")
    try:
        pathlib.Path({str(tmp_path)!r}, "scratch", "planted").write_text("x")
    except OSError:
        pass
"""
    write({"test_it.py": text})
    assert run_tests(SandboxRunner(sandbox, environment, workspace, tmp_path / "scratch")).ok
    assert not (tmp_path / "scratch" / "planted").exists()


class TestShares:
    """Processes that share the first run."""

    def test_each_test_runs_once(self, run: Runner, coverage: Interpreter) -> None:
        files = {
            "shop.py": "def double(number):\n    return 2 * number\n\ndef half(number):\n    return number / 2\n",
            "test_it.py": (
                "import pytest, shop\n"
                "@pytest.mark.parametrize('number', range(5))\n"
                "def test_double(number): assert shop.double(number) == 2 * number\n"
                "def test_half(): assert shop.half(3) == 2\n"
            ),
        }
        report = run(files, shares=2, coverage=coverage)
        assert len(report.passed) == 5
        assert [each.id for each in report.failed] == ["test_it.py::test_half"]
        assert report.problem is None
        assert report.coverage is not None
        assert len(report.coverage.covering("shop.py", 2)) == 5

    def test_more_shares_than_tests(self, run: Runner) -> None:
        assert run({"test_it.py": "def test_a(): pass\n"}, shares=3).ok

    def test_no_tests_at_all(self, run: Runner) -> None:
        assert run({"it.py": ""}, shares=3).problem == "No tests ran."

    def test_a_share_that_breaks_off(self, run: Runner) -> None:
        report = run({"test_it.py": "import os\ndef test_a(): pass\ndef test_b(): os._exit(0)\n"}, shares=2)
        assert not report.ok
        assert "broke off" in str(report.problem)


def test_what_sets_up_something_for_many_is_every_tests(run: Runner, coverage: Interpreter) -> None:
    files = {
        "shop.py": "def opened():\n    return 'open'\n",
        "test_it.py": (
            "import pytest, shop\n"
            "@pytest.fixture(scope='module')\n"
            "def state(): return shop.opened()\n"
            "def test_a(state): assert state\n"
            "def test_b(state): assert state == 'open'\n"
        ),
    }
    report = run(files, coverage=coverage)
    assert report.coverage is not None
    assert len(report.coverage.covering("shop.py", 2)) == 2
