"""What tests, scans and mutants say holds for the tree that is merged, whatever else lies in the workspace."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from tests.tools.deliveries import delivery, put
from tools.catalogue.commands import RunCommand, run_command
from tools.catalogue.dependencies import InstallDependencies, install_dependencies
from tools.catalogue.repository import TOOLS
from tools.catalogue.review import ScanCode, scan_code
from tools.catalogue.testing import RunMutants, RunTests, run_mutants, run_tests
from tools.projects.dependencies import requirements
from tools.projects.trees import workspace_tree
from tools.result import FactSources, Workbench

FILES: dict[str, str | bytes] = {
    "requirements-dev.txt": "pytest\n",
    ".gitignore": "__pycache__/\nconftest.py\nlocal/\n",
    "shop.py": "def total(prices):\n    return sum(prices)\n",
    "tests/test_shop.py": "import shop\n\n\ndef test_total():\n    assert shop.total([1, 2]) == 3\n",
}
ALWAYS_PASSES = "def pytest_pyfunc_call(pyfuncitem):\n    return True\n"
BROKEN = "def total(prices):\n    return 7\n"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    bench = delivery(tmp_path_factory.mktemp("shop"), FILES)
    requirements(bench, fetch=True)
    assert install_dependencies(bench, InstallDependencies()).ok
    return bench


@pytest.fixture
def bench(opened: Workbench) -> Iterator[Workbench]:
    exclude = opened.repository / ".git" / "info" / "exclude"
    before = exclude.read_text() if exclude.exists() else ""
    yield opened
    shutil.rmtree(opened.workspace)
    put(opened.workspace, FILES)
    exclude.write_text(before)


@pytest.mark.attack
@pytest.mark.parametrize("place", ["conftest.py", "tests/conftest.py"])
def test_an_ignored_file_does_not_take_part(bench: Workbench, place: str) -> None:
    put(bench.workspace, {"shop.py": BROKEN, place: ALWAYS_PASSES})
    result = run_tests(bench, RunTests())
    assert (result.ok, result.data["passed"], result.data["failed"]) == (False, 0, 1)
    assert result.data["tree"] == workspace_tree(bench)


@pytest.mark.attack
def test_a_file_that_only_this_clone_excludes_does_not_take_part(bench: Workbench) -> None:
    exclude = bench.repository / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("/pytest.ini\n/plugin.py\n")
    put(
        bench.workspace,
        {"shop.py": BROKEN, "pytest.ini": "[pytest]\naddopts = -p plugin\n", "plugin.py": ALWAYS_PASSES},
    )
    result = run_tests(bench, RunTests())
    assert (result.ok, result.data["failed"]) == (False, 1)


@pytest.mark.attack
def test_an_ignored_module_is_missing(bench: Workbench) -> None:
    put(bench.workspace, {"local/sums.py": "total = sum\n", "shop.py": "from local.sums import total\n"})
    result = run_tests(bench, RunTests())
    assert not result.ok
    assert "No module named 'local'" in str(result.data["failures"])


@pytest.mark.attack
def test_files_are_tested_as_they_are_committed(bench: Workbench) -> None:
    """Attributes that make the workspace differ from the tree do not make the tested files differ from it."""
    source = "KEYWORD = '$Id$'\n\n\ndef total(prices):\n    return sum(prices)\n"
    test = "import shop\n\n\ndef test_keyword():\n    assert shop.KEYWORD == '$' + 'Id$'\n"
    put(
        bench.workspace,
        {
            ".gitattributes": "*.py ident\n",
            "shop.py": source.replace("$Id$", "$Id: 1234$"),
            "tests/test_keyword.py": test,
        },
    )
    assert run_tests(bench, RunTests()).ok


@pytest.mark.attack
def test_mutants_are_judged_by_a_run_on_the_same_tree(bench: Workbench) -> None:
    put(bench.workspace, {"shop.py": "def total(prices):\n    return sum(prices) + 0\n"})
    ran = run_tests(bench, RunTests())
    assert run_mutants(bench, RunMutants(coverage=ran.artifacts["coverage"])).ok
    put(bench.workspace, {"shop.py": "def total(prices):\n    return sum(prices) - 0\n"})
    assert run_mutants(bench, RunMutants(coverage=ran.artifacts["coverage"])).code == "not_found"
    assert run_mutants(bench, RunMutants()).code == "not_found"


@pytest.mark.attack
def test_compiled_modules_of_the_tree_are_not_passed_over(bench: Workbench) -> None:
    put(bench.workspace, {"__pycache__/shop.cpython-313.pyc": b"x"})
    assert scan_code(bench, ScanCode()).data["skipped"] == 0
    put(bench.workspace, {".gitignore": "", "local/hidden.py": "import subprocess\n"})
    scan = scan_code(bench, ScanCode())
    assert scan.data["skipped"] == 1


@pytest.mark.attack
def test_a_command_plants_nothing_in_the_caches_of_the_tests(bench: Workbench) -> None:
    put(bench.workspace, {"check.sh": 'test ! -e "$GOCACHE/forged"\n'})
    planted = run_command(
        bench, RunCommand(command=["sh", "-c", 'mkdir -p "$GOCACHE" && touch "$GOCACHE/forged"'])
    )
    assert planted.ok
    assert run_tests(replace(bench, test_command="sh check.sh"), RunTests()).ok


@pytest.mark.attack
def test_a_change_of_which_no_mutant_is_noticed_is_told_to_policy(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.catalogue.repository.branch_tree", workspace_tree)
    (fact,) = (
        each for tool in TOOLS if tool.name == "merge" for each in tool.facts if each.name == "mutants"
    )
    ran: dict[str, JsonValue] = {}
    sources = FactSources(bench, lambda tool: ran if tool == "run_mutants" else {}, list)
    assert fact.find(sources, None) == {"judged": 0, "noticed": 0}
    put(
        bench.workspace,
        {
            "shop.py": "def total(prices):\n    return sum(prices) + 1\n",
            "tests/test_shop.py": "import shop\n\n\ndef test_total():\n    shop.total([1, 2])\n",
        },
    )
    assert run_tests(bench, RunTests()).ok
    ran |= run_mutants(bench, RunMutants()).data
    judged = ran["mutants"]
    assert isinstance(judged, int)
    assert judged > 0
    assert fact.find(sources, None) == {"judged": judged, "noticed": 0}
    put(bench.workspace, {"other.py": "x = 1\n"})
    assert fact.find(sources, None) == {"judged": 0, "noticed": 0}


def test_nothing_is_left_behind(bench: Workbench) -> None:
    before = sorted(each.name for each in bench.workspace.parent.iterdir())
    scan_code(bench, ScanCode())
    assert sorted(each.name for each in bench.workspace.parent.iterdir()) == before
    assert not list(Path(bench.workspace.parent).glob("*.tree"))
