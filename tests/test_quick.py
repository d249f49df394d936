"""`make quick` runs the tests of a change: those that import it, near it, or changed themselves."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import quick

FILES = {
    "tools/git/__init__.py": "from tools.git.store import Store\n",
    "tools/git/store.py": "class Store: ...\n",
    "tools/git/names.py": "import tools.text\n",
    "tools/text.py": "",
    "tools/daemon.py": "",
    "crew/door.py": "def open_door():\n    from tools.git import names\n",
    "crew/rules/roles.rego": "",
    "tests/helper.py": "",
    "tests/test_docs.py": "",
    "tests/crew/test_door.py": "from crew.door import open_door\n",
    "tests/crew/conftest.py": "",
    "tests/e2e/test_crash.py": "import tools.daemon\nfrom tools.git import Store\n",
    "tests/tools/test_daemon.py": "from tests import helper\n",
    "tests/tools/git/test_store.py": "from tools.git import Store\n",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(quick, "ROOT", tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    for each in (quick.sources, quick.modules, quick.imports):
        each.cache_clear()


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        pytest.param("crew/door.py", {"tests/crew/test_door.py"}, id="a test imports it"),
        pytest.param(
            "tools/git/store.py",
            {"tests/tools/git/test_store.py", "tests/e2e/test_crash.py"},
            id="re-exported",
        ),
        pytest.param("tools/text.py", {"tests/crew/test_door.py"}, id="used by what a test imports"),
        pytest.param(
            "tools/daemon.py",
            {"tests/tools/test_daemon.py", "tests/e2e/test_crash.py"},
            id="whole deliveries only",
        ),
        pytest.param("tests/helper.py", {"tests/tools/test_daemon.py"}, id="a helper of tests"),
        pytest.param("tests/crew/conftest.py", {"tests/crew/test_door.py"}, id="fixtures"),
        pytest.param("crew/rules/roles.rego", {"tests/crew/test_door.py"}, id="data"),
        pytest.param("tools/gone.py", {"tests/tools/test_daemon.py"}, id="deleted"),
        pytest.param("README.md", {"tests/test_docs.py"}, id="a page"),
    ],
)
def test_which_tests_belong_to_a_change(changed: str, tests: set[str]) -> None:
    assert quick.tests_of(changed) == tests


def test_what_is_committed_uncommitted_and_new_counts(root: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)

    git("init", "-b", "main")
    git("add", ".")
    git("commit", "-m", "Start")
    git("switch", "-c", "side")
    (root / "tools/text.py").write_text("A = 1\n")
    git("commit", "-am", "Change")
    (root / "crew/door.py").unlink()
    (root / "crew/new.py").touch()
    assert quick.changes()[1] == {"tools/text.py", "crew/door.py", "crew/new.py"}


def test_what_is_left_out_is_skipped_by_name(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("QUICK_CHANGED", "README.md")
    monkeypatch.setenv("QUICK_DEADLINE", "1e12")
    quick.pytest_runtest_setup(request.node)

    monkeypatch.setenv("QUICK_DEADLINE", str(time.time() - 1))
    monkeypatch.setattr(quick, "first_test", time.time)
    quick.pytest_runtest_setup(request.node)
    monkeypatch.setattr(quick, "first_test", lambda: time.time() - quick.LEAST_SECONDS - 1)
    with pytest.raises(pytest.skip.Exception, match=f"{quick.SECONDS} seconds are over"):
        quick.pytest_runtest_setup(request.node)

    monkeypatch.setattr(quick, "first_test", time.time)
    monkeypatch.setenv("QUICK_DEADLINE", str(time.time() - quick.MOST_SECONDS))
    with pytest.raises(pytest.skip.Exception, match=quick.LEFT):
        quick.pytest_runtest_setup(request.node)

    request.node.add_marker("slow")
    with pytest.raises(pytest.skip.Exception, match="slow"):
        quick.pytest_runtest_setup(request.node)
    monkeypatch.setenv("QUICK_CHANGED", "tests/test_quick.py")
    monkeypatch.setenv("QUICK_DEADLINE", "1e12")
    quick.pytest_runtest_setup(request.node)


def test_it_says_what_it_does() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.quick", "--help"],
        cwd=quick.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "origin/main" in done.stdout
