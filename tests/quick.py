"""Run the tests of what differs from origin/main, in under a minute: `make quick`.

A test file is run when it changed itself, or imports a changed module or a name that a package re-exports from it;
where none does, those that import a module that imports the changed one. For other files, and where only whole
deliveries would be left, it is the test files in the mirror of the folder under tests, or else of the folder above.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

from tools.counting import counted

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("crew", "evals", "graphs", "prompts", "tests", "tools")
LEFT = "left to `make test`"
SECONDS = 40
"""No test begins later; what was left is reported as skipped."""
LEAST_SECONDS = 15
"""What a process has for its tests even where a busy machine took all the time to collect them."""
MOST_SECONDS = 55
"""No test begins later even then."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip slow tests of files that did not change, and all tests once the time is up."""
    changed = os.environ["QUICK_CHANGED"].split("\n")
    if item.get_closest_marker("slow") and item.path.relative_to(ROOT).as_posix() not in changed:
        pytest.skip(f"slow: {LEFT}")
    deadline = float(os.environ["QUICK_DEADLINE"])
    latest = min(first_test() + LEAST_SECONDS, deadline - SECONDS + MOST_SECONDS)
    if time.time() > max(deadline, latest):
        pytest.skip(f"{SECONDS} seconds are over: {LEFT}")


@cache
def first_test() -> float:
    """Return when the first test of this process began."""
    return time.time()


def main() -> int:
    """Choose the test files, say which, and run them."""
    if len(sys.argv) > 1:
        print(__doc__)
        return 0 if {"-h", "--help"} & {*sys.argv} else 2
    deadline = time.time() + SECONDS
    base, changed = changes()
    chosen = {path for path in changed if is_test(path)}
    for path in sorted(changed - chosen):
        chosen |= tests_of(path)
    left_out = whole_deliveries(chosen - changed)
    # Changed ones first; then those that import least, which are about the least.
    run = sorted(chosen - left_out, key=lambda path: (path not in changed, len(imports(path)), path))
    differing = counted(len(changed), "file differs", "files differ")
    print(
        f"{differing} from {base}. {counted(len(run), 'test file')} of {len(chosen)} to run:",
        *run,
        sep="\n  ",
    )
    if left_out:
        print("Left out, whole deliveries; `make test` runs them:", *sorted(left_out), sep="\n  ")
    if not run:
        return 0
    os.environ |= {"QUICK_CHANGED": "\n".join(changed), "QUICK_DEADLINE": str(deadline)}
    options = ("-p", "tests.quick", "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder", "-q")
    return int(pytest.main([*options, *run], plugins=[Summary()]))


class Summary:
    """Says at the end how many of the tests were run."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the number of tests that ran, of all that were chosen."""
        reports = [
            each
            for name in ("passed", "failed", "error", "skipped")
            for each in terminalreporter.getreports(name)
        ]
        tests = {each.nodeid for each in reports}
        left = {each.nodeid for each in terminalreporter.getreports("skipped") if LEFT in str(each.longrepr)}
        print(f"{len(tests) - len(left)} of {counted(len(tests), 'test')} run; `make test` runs all.")


def changes() -> tuple[str, set[str]]:
    """Return what the work is compared with, and every path that differs: committed, uncommitted or new."""
    bases = (git("merge-base", "HEAD", name) for name in ("origin/main", "main", "HEAD"))
    base = next(found[0] for found in bases if found)
    differing = git("diff", "--name-only", "--no-renames", base)
    return base[:12], {*differing, *git("ls-files", "--others", "--exclude-standard")}


def git(*arguments: str) -> list[str]:
    """Return the lines that git prints, none where it fails."""
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()


def is_test(path: str) -> bool:
    """Whether this is a file of tests that is still there."""
    return path.startswith("tests/") and Path(path).match("test_*.py") and (ROOT / path).exists()


def tests_of(path: str) -> set[str]:
    """Return the test files of one changed file."""
    all_tests = {each for each in sources() if is_test(each)}
    if path.startswith("tests/") and Path(path).name == "conftest.py":
        return {each for each in all_tests if Path(path).parent in Path(each).parents}
    tests = importing({path} & sources())
    for folder in Path(path).parents:
        if tests - whole_deliveries(tests):
            break
        mirror = folder if path.startswith("tests/") else "tests" / folder
        tests |= {each for each in all_tests if Path(each).parent == mirror}
    return tests


def whole_deliveries(tests: set[str]) -> set[str]:
    """Return the test files that deliver whole services, each for minutes."""
    return {path for path in tests if path.startswith(("tests/acceptance/", "tests/e2e/"))}


def importing(changed: set[str]) -> set[str]:
    """Return the test files that import one of these modules, or else those nearest to them by imports."""
    seen: set[str] = set()
    while changed := changed - seen:
        seen |= changed
        names = {name for path in changed for name in names_of(path)}
        importers = {path for path in sources() if any(touches(each, names) for each in imports(path))}
        if tests := {path for path in importers if is_test(path)}:
            return tests
        changed = importers
    return set()


def names_of(path: str) -> set[str]:
    """Return the dotted names of a module: its own, and those that packages re-export from it."""
    name = dotted(path)
    packages = {each for each in sources() if each.endswith("/__init__.py")}
    return {name} | {
        f"{dotted(package)}.{imported.rpartition('.')[2]}"
        for package in packages
        for imported in imports(package)
        if imported.startswith(f"{name}.") and path not in packages
    }


def touches(imported: str, names: set[str]) -> bool:
    """Whether what is imported is one of these, or is defined in one of them."""
    return imported in names or (imported.rpartition(".")[0] in names and imported not in modules())


@cache
def modules() -> frozenset[str]:
    """Return the dotted names of all modules."""
    return frozenset(map(dotted, sources()))


def dotted(path: str) -> str:
    """Return the name that a file is imported by."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def sources() -> frozenset[str]:
    """Return every Python file of the project."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return frozenset(
        path.relative_to(ROOT).as_posix() for path in found if not {"templates", "recordings"} & {*path.parts}
    )


@cache
def imports(path: str) -> frozenset[str]:
    """Return the dotted name of everything that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / path).read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


if __name__ == "__main__":
    sys.exit(main())
