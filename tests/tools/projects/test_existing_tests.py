"""Repositories that the crew did not make: their dependencies are resolved, their own tests run, nothing escapes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from crew.door.policy_facts import Facts
from crew.records.ledger import Ledger
from tests.crew.rows import write
from tests.tools.deliveries import delivery, git, put
from tests.tools.environments.test_install import Index
from tests.tools.environments.test_install import index as index
from tools.catalogue.dependencies import InstallDependencies, install_dependencies
from tools.catalogue.linting import RunLinters, run_linters
from tools.catalogue.repository import Commit, commit
from tools.catalogue.review import (
    CheckDependencies,
    ScanCode,
    check_dependencies,
    dependency_facts,
    scan_code,
)
from tools.catalogue.testing import RunMutants, RunTests, run_mutants, run_tests
from tools.errors import EnvironmentFailed, RequirementRefused, WheelMissing
from tools.projects.dependencies import requirements
from tools.projects.kind import is_existing_project
from tools.projects.trees import workspace_tree
from tools.redaction import Redactor
from tools.result import ToolResult, Workbench

Given = dict[str, str | bytes]

SOURCE: Given = {
    "pyproject.toml": '[project]\nname = "my-shop"\nversion = "1.4"\ndependencies = []\n'
    '[project.optional-dependencies]\ntest = ["pytest>=8"]\n'
    '[tool.pytest.ini_options]\naddopts = "-ra --strict-markers"\nmarkers = ["slow: takes long"]\n'
    '[tool.ruff]\nline-length = 80\n[tool.ruff.lint]\nselect = ["E", "F"]\n',
    "src/shop/__init__.py": "from importlib.metadata import version\n\n__version__ = version('my-shop')\n",
    "src/shop/prices.py": "def total(prices):\n    if len(prices) > 2:\n        return sum(prices) - 1\n"
    "    return sum(prices)\n",
    "src/shop/old.py": "import os, sys\n",
    "tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef prices():\n    return [1, 2]\n",
    "tests/test_prices.py": "import subprocess\nimport sys\nimport pytest\nimport shop\n"
    "from shop.prices import total\n\n\n"
    "@pytest.mark.slow\ndef test_total(prices):\n    assert total(prices) == 3\n\n\n"
    "def test_version():\n    assert shop.__version__ == '1.4'\n\n\n"
    "def test_what_it_starts():\n    subprocess.run([sys.executable, '-c', 'import shop.prices'], check=True)\n",
    "setup.py": "open('/tmp/setup-ran', 'w')\nraise SystemExit('setup.py ran')\n",
}
FLAT: Given = {
    "requirements.txt": "iniconfig>=2\n",
    "requirements-dev.txt": "-r requirements.txt\npytest\n",
    "prices.py": "import iniconfig\n\n\ndef total(prices):\n    return sum(prices)\n",
    "test_prices.py": "from prices import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n",
}


def install(bench: Workbench) -> ToolResult:
    """Let the facts be found out, as the door does, then install."""
    requirements(bench, fetch=True)
    return install_dependencies(bench, InstallDependencies())


def judge(bench: Workbench) -> ToolResult:
    return run_tests(bench, RunTests())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    bench = delivery(tmp_path_factory.mktemp("source"), SOURCE)
    assert install(bench).ok
    return bench


@pytest.fixture
def clean(source: Workbench) -> Iterator[Workbench]:
    yield source
    put(source.workspace, SOURCE)
    for name in ("src/shop/new.py", "tests/test_new.py", "ruff.toml", ".pre-commit-config.yaml"):
        (source.workspace / name).unlink(missing_ok=True)


def test_a_package_below_src_is_tested_as_it_asks(source: Workbench) -> None:
    assert is_existing_project(source)
    result = judge(source)
    assert result.ok, result
    assert result.data | {"seconds": 0} == {
        "tree": workspace_tree(source),
        "passed": 3,
        "failed": 0,
        "errors": 0,
        "complete": True,
        "skipped": 0,
        "failures": [],
        "flaky": [],
        "seconds": 0,
        "unit": "test",
        "command": "pytest",
        "why": "pyproject.toml says so.",
    }
    assert set(result.artifacts) == {"report", "coverage"}


def test_what_fails_says_the_same_each_time(clean: Workbench) -> None:
    put(
        clean.workspace,
        {"tests/test_new.py": "def test_new(tmp_path):\n    assert open(tmp_path / 'x'), object()\n"},
    )
    first, second = judge(clean), judge(clean)
    assert (first.ok, first.data["failed"]) == (False, 1)
    assert first.data | {"seconds": 0} == second.data | {"seconds": 0}
    assert "/tmp" not in str(first.data)


def test_what_failed_before_is_told_apart(tmp_path: Path) -> None:
    broken = "\n\ndef test_net():\n    assert total([1]) == 7\n"
    flat = FLAT | {"test_prices.py": str(FLAT["test_prices.py"]) + broken}
    bench = delivery(tmp_path, flat)
    assert install(bench).ok
    put(
        bench.workspace,
        {"test_more.py": "from prices import total\n\n\ndef test_none():\n    assert total([]) == 0\n"},
    )
    before = judge(bench)
    assert (before.ok, before.data["failed"], before.data["failed_before"]) == (
        True,
        0,
        ["test_prices.py::test_net"],
    )
    assert "As on the main branch, test_prices.py::test_net failed" in before.summary
    assert "assert 1 == 7" in str(before.data["failures"])

    put(bench.workspace, {"prices.py": "def total(prices):\n    return 8\n"})
    worse = judge(bench)
    assert (worse.code, worse.data["failed"], worse.data["failed_before"]) == (
        "tests_failed",
        2,
        ["test_prices.py::test_net"],
    )


def test_mutants_of_changed_code(clean: Workbench) -> None:
    text = "def first(prices):\n    return prices[0] + 0\n"
    put(
        clean.workspace,
        {"src/shop/new.py": text, "tests/test_new.py": "import shop.new\n\n\ndef test_it():\n    pass\n"},
    )
    ran = judge(clean)
    assert ran.ok, ran
    result = run_mutants(clean, RunMutants(coverage=ran.artifacts["coverage"]))
    assert result.ok, result
    survivors = result.data["survivors"]
    assert isinstance(survivors, list)
    assert {each["file"] for each in survivors if isinstance(each, dict)} == {"src/shop/new.py"}


def test_linters_judge_changed_lines_only(clean: Workbench) -> None:
    nothing = run_linters(clean, RunLinters())
    assert (nothing.data, nothing.code) == ({"problems": [], "count": 0}, "ok")
    put(clean.workspace, {"src/shop/old.py": "import os, sys\nx = undefined\n"})
    result = run_linters(clean, RunLinters())
    assert result.ok
    assert result.data["count"] == 1
    assert "undefined" in str(result.data["problems"])


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ("import nowhere\n", "ModuleNotFoundError: No module named 'nowhere'"),
        ("def f(:\n", "SyntaxError: invalid syntax"),
        ("raise ValueError('no ' + 'x' * 3000)\n", "ValueError: no xxx"),
        ("import sys\nsys.stderr.write('noise\\n' * 2000)\nimport nowhere\n", "No module named 'nowhere'"),
    ],
)
def test_an_error_in_its_conftest_is_shown(clean: Workbench, lines: str, what: str) -> None:
    put(clean.workspace, {"tests/conftest.py": lines})
    result = judge(clean)
    assert not result.ok
    assert what in result.summary
    assert "conftest" in result.summary


@pytest.mark.parametrize(
    ("name", "text"),
    [("ruff.toml", "line-length = 99\n"), (".pre-commit-config.yaml", "- repo: ruff-pre-commit\n")],
)
def test_only_configured_linters_judge_the_style(clean: Workbench, name: str, text: str) -> None:
    plain = str(SOURCE["pyproject.toml"]).partition("[tool.ruff]")[0]
    put(clean.workspace, {"pyproject.toml": plain, "src/shop/old.py": "import os, sys\nimport json\n"})
    assert run_linters(clean, RunLinters()).code == "ok"
    put(clean.workspace, {name: text})
    result = run_linters(clean, RunLinters())
    assert result.code == "objections", result
    assert "F401" in str(result.data["problems"])


def test_linters_say_what_becomes_of_their_objections(clean: Workbench) -> None:
    put(clean.workspace, {"src/shop/old.py": "import os, sys\nx = undefined\n"})
    result = run_linters(clean, RunLinters())
    assert (result.ok, result.code) == (True, "objections")
    assert result.summary.endswith(
        "reports 1 problem on changed lines: fix it before the last commit, or name it in a finding."
    )
    put(clean.workspace, {"src/shop/old.py": "import os, sys\nx = undefined\ny = undefined\n"})
    result = run_linters(clean, RunLinters())
    assert "2 problems on changed lines: fix each before" in result.summary


def test_scans_judge_changed_lines_only(tmp_path: Path) -> None:
    shell = (
        "import subprocess\n\n\ndef run(x):\n    subprocess.run(\n        x,\n        shell=True,\n    )\n"
    )
    bench = delivery(tmp_path, {"old.py": shell, "broken.py": "def f(:\n", "other.py": "x = 1\n"})
    put(bench.workspace, {"other.py": "x = 2\n"})
    result = scan_code(bench, ScanCode())
    assert (result.data["high"], result.data["skipped"]) == (0, 0)
    assert result.data["elsewhere"] != 0
    put(bench.workspace, {"old.py": shell.replace("        x,", "        x + x,"), "broken.py": "def g(:\n"})
    result = scan_code(bench, ScanCode())
    assert (result.data["high"], result.data["skipped"]) == (1, 1)


def test_what_main_asks_for_is_not_added(tmp_path: Path) -> None:
    bench = delivery(tmp_path, FLAT)
    assert install(bench).ok
    facts = dependency_facts(bench, requirements(bench))
    assert (facts["added"], facts["unpinned"]) == ({}, [])
    assert judge(bench).ok
    put(bench.workspace, {"requirements.txt": "iniconfig>=2\nsortedcontainers\n"})
    assert judge(bench).code == "not_installed"
    assert check_dependencies(bench, CheckDependencies()).code == "not_known"
    assert install(bench).ok
    facts = dependency_facts(bench, requirements(bench))
    assert [str(each).partition("==")[0] for each in facts["added"]] == ["sortedcontainers"]  # type: ignore[union-attr]
    assert check_dependencies(bench, CheckDependencies()).summary == "1 dependency is new."
    texts = [path.read_text() for path in (bench.home / "scratch").rglob("*.txt")]
    assert len(texts) == 2
    assert not any("://" in text for text in texts)


def test_nothing_is_installed_that_policy_has_not_seen(tmp_path: Path) -> None:
    bench = delivery(tmp_path, FLAT)
    assert install_dependencies(bench, InstallDependencies()).code == "not_installed"


def test_settings_that_need_a_plugin_name_it(tmp_path: Path) -> None:
    settings = "[pytest]\naddopts = --cov=prices --timeout=3\n"
    bench = delivery(tmp_path, FLAT | {"pytest.ini": settings})
    assert install(bench).ok
    result = judge(bench)
    assert not result.ok
    assert "need pytest-cov, pytest-timeout, which is not installed" in result.summary


def test_settings_that_rest_on_a_cache(tmp_path: Path) -> None:
    bench = delivery(tmp_path, FLAT | {"pytest.ini": "[pytest]\naddopts = --failed-first\n"})
    assert install(bench).ok
    assert judge(bench).ok


def test_a_command_finds_the_version_of_the_project(source: Workbench) -> None:
    given = replace(source, test_command="pytest -k version")
    assert judge(given).ok, judge(given)
    assert judge(given).data["unit"] == "command"


def test_a_wheel_that_is_missing_is_named(tmp_path: Path, index: Index) -> None:
    index.publish_source("only-source")
    bench = delivery(tmp_path, {"requirements.txt": "only-source\n", "a.py": ""}, cache=tmp_path / "cache")
    with pytest.raises(WheelMissing, match="only-source") as error:
        requirements(bench, fetch=True)
    assert "127.0.0.1" not in str(error.value)
    put(bench.workspace, {"requirements.txt": "nobody-has-this\n"})
    with pytest.raises(EnvironmentFailed, match="nobody-has-this") as missing:
        requirements(bench, fetch=True)
    assert "127.0.0.1" not in str(missing.value)


def test_an_index_of_the_repository_s_own_is_not_asked(tmp_path: Path, index: Index) -> None:
    index.publish("shopkit")
    own = "--index-url http://127.0.0.1:9/simple\n--find-links /tmp\nshopkit\n"
    files: Given = {
        "requirements.txt": own,
        "a.py": "",
        "pyproject.toml": '[tool.uv]\nindex-url = "http://127.0.0.1:9/"\n[tool.uv.sources]\nshopkit = {path = "x"}\n',
    }
    bench = delivery(tmp_path, files, cache=tmp_path / "cache")
    assert requirements(bench, fetch=True) == {"the repository's requirements": "shopkit==1.0\n"}


def test_a_computed_list_is_named_and_not_run(tmp_path: Path) -> None:
    setup = "open('/tmp/setup-ran', 'w')\nsetup(install_requires=compute())\n"
    bench = delivery(tmp_path, {"setup.py": setup, "a.py": ""})
    with pytest.raises(RequirementRefused, match=r"setup.py computes"):
        requirements(bench, fetch=True)
    assert not Path("/tmp/setup-ran").exists()


def test_the_door_denies_what_cannot_be_resolved(tmp_path: Path) -> None:
    """The facts say why, before anything is installed."""
    from tests.crew.doors import policies
    from tools.catalogue.registry import CATALOGUE

    bench = delivery(tmp_path, {"requirements.txt": "./vendored\n", "a.py": ""})
    ledger = Ledger(bench.home / "ledger.db", Redactor(()))
    from crew.door.call import Call
    from crew.door.door import Door
    from crew.records.bus import Bus

    story = bench.artifacts.put(b"{}")
    write(ledger, bench.delivery, "opened", "opened", {"story": "FIX-1", "artifacts": [story]})
    engine = policies()
    door = Door(
        tools=CATALOGUE,
        workbench=bench,
        ledger=ledger,
        artifacts=bench.artifacts,  # type: ignore[arg-type]
        policy=engine,
        facts=Facts(bench, ledger, bench.artifacts),  # type: ignore[arg-type]
        redact=Redactor(()),
        bus=Bus(),
    )
    place = {"delivery": bench.delivery, "role": "code", "visit": 1, "step": 1, "index": 0}
    said = {"tool": "install_dependencies", "arguments": {}, "rationale": "Needed.", "evidence": (story,)}
    result = door.act(Call.model_validate(place | said))
    engine.close()
    ledger.close()
    assert (result.code, "requires './vendored'" in result.summary) == ("denied", True)


COMMANDS: list[tuple[str, Given, str, str]] = [
    (
        "tox",
        {
            "tox.ini": "[testenv]\ndeps = pytest\ncommands = pytest {posargs:checks}\n",
            "checks/test_a.py": "def test_a():\n    pass\n",
        },
        "",
        "pytest checks",
    ),
    (
        "make",
        {"Makefile": "test:\n\tsh check.sh\n", "check.sh": "exit $(cat code)\n", "code": "0"},
        "",
        "make test",
    ),
    ("given", {"a.py": "", "check.py": "import a\n"}, "python check.py", "python check.py"),
    (
        "npm",
        {
            "package.json": '{"name": "a", "scripts": {"test": "node check.js"}}',
            "check.js": "require('assert')(1 === 1)\n",
        },
        "",
        "npm test",
    ),
    (
        "go",
        {
            "go.mod": "module shop\n\ngo 1.20\n",
            "a.go": "package shop\n\nfunc One() int { return 1 }\n",
            "a_test.go": 'package shop\n\nimport "testing"\n\n'
            'func TestOne(t *testing.T) {\n\tif One() != 1 {\n\t\tt.Fatal("no")\n\t}\n}\n',
        },
        "",
        "go test ./...",
    ),
]


@pytest.mark.parametrize(
    ("name", "files", "given", "line"),
    # Go compiles its own library first.
    [pytest.param(*each, id=each[0], marks=[pytest.mark.slow] * (each[0] == "go")) for each in COMMANDS],
)
def test_every_kind_of_command(tmp_path: Path, name: str, files: Given, given: str, line: str) -> None:
    if name in ("npm", "go") and shutil.which(name) is None:
        pytest.skip(f"{name} is not there")
    bench = delivery(tmp_path, files, test_command=given)
    before = workspace_tree(bench)
    assert install(bench).ok
    result = judge(bench)
    assert result.ok, result
    counts = {
        name: result.data[name] for name in ("passed", "failed", "errors", "complete", "tree", "command")
    }
    assert counts == {
        "passed": 1,
        "failed": 0,
        "errors": 0,
        "complete": True,
        "tree": before,
        "command": line,
    }
    assert result.data["unit"] == ("test" if name == "tox" else "command")
    wrong: Given = {"checks/test_a.py": "def test_a():\n    assert 0\n", "code": "3", "check.py": "1 / 0\n"}
    wrong |= {
        "check.js": "require('assert')(1 === 2)\n",
        "a.go": "package shop\n\nfunc One() int { return 2 }\n",
    }
    put(bench.workspace, {path: content for path, content in wrong.items() if path in files})
    first, second = judge(bench), judge(bench)
    assert (first.ok, first.data["passed"], first.data["failed"]) == (False, 0, 1)
    assert first.data | {"seconds": 0} == second.data | {"seconds": 0}
    assert str(bench.home) not in str(first.data)
    failures = first.data["failures"]
    assert isinstance(failures, list)
    assert len(failures) == 1


def test_no_command_at_all(tmp_path: Path) -> None:
    bench = delivery(tmp_path, {"notes.txt": "Hello.\n"})
    assert install(bench).code == "nothing_to_install"
    assert judge(bench).code == "no_tests"


def test_a_program_that_the_sandbox_lacks(tmp_path: Path) -> None:
    bench = delivery(tmp_path, {"notes.txt": ""}, test_command="frobnicate --all")
    result = judge(bench)
    assert "names a program that the sandbox lacks. Available: python3" in result.summary
    assert result.data["failed"] == 1


HOSTILE = """
import os, pathlib, socket

def attempt(what):
    try:
        what()
    except OSError:
        return "refused"
    return "done"

def test_what_it_may():
    attempt(lambda: pathlib.Path({canary!r}).write_text("broken in"))  # at most into a /tmp of its own
    assert attempt(lambda: socket.create_connection(("1.1.1.1", 53), 3)) == "refused"
    assert attempt(lambda: pathlib.Path({home!r}, "ledger.db").read_bytes()) == "refused"
"""


def test_tests_that_would_break_out(tmp_path: Path) -> None:
    canary = tmp_path / "canary.txt"
    canary.write_text("untouched")
    outside = f"import pathlib\ntry:\n    pathlib.Path({str(canary)!r}).write_text('x')\nexcept OSError:\n    pass\n"
    files = FLAT | {
        "conftest.py": outside,
        "test_evil.py": HOSTILE.format(canary=str(canary), home=str(tmp_path / "home")),
        "setup.py": outside,
    }
    bench = delivery(tmp_path, files)
    assert install(bench).ok
    result = judge(bench)
    assert result.ok, result
    assert canary.read_text() == "untouched"


def test_tests_that_never_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tools.projects.existing_tests

    monkeypatch.setattr(
        tools.projects.existing_tests,
        "LIMITS",
        tools.projects.existing_tests.LIMITS.model_copy(update={"wall_seconds": 3}),
    )
    bench = delivery(tmp_path, FLAT | {"conftest.py": "while True:\n    pass\n"})
    assert install(bench).ok
    result = judge(bench)
    assert (result.ok, result.data["errors"]) == (False, 1)
    given = replace(bench, test_command="sleep 60")
    assert "did not finish within 3 s" in judge(given).summary


def test_a_branch_is_resolved_from_its_commit(tmp_path: Path) -> None:
    bench = delivery(tmp_path, FLAT)
    put(bench.workspace, {"requirements.txt": "sortedcontainers\n"})
    made = str(commit(bench, Commit(message="Need more")).data["commit"])
    assert "sortedcontainers" in requirements(bench, made, fetch=True)["the repository's requirements"]
    main = git(bench.repository, "rev-parse", "main").strip()
    assert "sortedcontainers" not in requirements(bench, main, fetch=True)["the repository's requirements"]
