"""Searching, and what a delivery has changed."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools.deliveries import delivery, put
from tools.catalogue.repository import Commit, Merge, OpenRepository, commit, merge_story, open_repository
from tools.catalogue.search import SearchFiles, ShowDiff, search_files, show_diff
from tools.git import agent, checkout, commit_generation, merge_generation
from tools.projects.trees import branch_of, note_generation, repository, workspace_tree
from tools.redaction import Redactor
from tools.result import ToolResult, Workbench

FILES: dict[str, str | bytes] = {
    "README.md": "Totals are summed.\n",
    "shop/prices.py": "def total(prices):\n    return sum(prices)\n",
    "shop/deep/more.py": "from shop.prices import total\n" + "y = '" + "x" * 300 + "total'\n",
    "image.png": b"\x89PNG\0total",
    "node_modules/a/index.js": "total\n",
}


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return delivery(tmp_path, FILES)


def search(bench: Workbench, pattern: str, **arguments: object) -> ToolResult:
    return search_files(bench, SearchFiles.model_validate({"pattern": pattern} | arguments))


def test_lines_are_found_with_their_place(bench: Workbench) -> None:
    result = search(bench, "total(")
    assert result.data == {"matches": ["shop/prices.py:1: def total(prices):"], "count": 1}
    assert search(bench, r"^from .* import \w+$", regex=True).data["count"] == 1


def test_noise_binaries_and_other_names_are_left_out(bench: Workbench) -> None:
    found = search(bench, "total").data["matches"]
    assert isinstance(found, list)
    assert [str(each).split(":")[0] for each in found] == [
        "shop/prices.py",
        "shop/deep/more.py",
        "shop/deep/more.py",
    ]
    assert all(len(str(each)) < 200 for each in found)
    assert "total" in str(found[2])
    assert search(bench, "ota", path_glob="*.md").data["count"] == 1
    assert search(bench, "total", path_glob="shop/**/*.py").data["count"] == 3
    assert search(bench, "total", folder="shop/deep").data["count"] == 2
    assert search(bench, "total", folder="shop/prices.py").data["count"] == 1


def test_too_many_matches_are_counted(bench: Workbench) -> None:
    put(bench.workspace, {"many.txt": "needle\n" * 100})
    result = search(bench, "needle")
    assert result.data["count"] == 100
    assert len(result.data["matches"]) == 40  # type: ignore[arg-type]
    assert "narrow it" in result.summary


def test_what_is_found_nowhere(bench: Workbench) -> None:
    assert search(bench, "zebra").summary.startswith("No matches.")
    assert search(bench, "x", folder="nowhere").code == "not_found"
    assert search(bench, "x", folder="../..").code == "not_found"
    assert search(bench, "(", regex=True).code == "bad_pattern"


def test_a_catastrophic_pattern_ends(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.catalogue.search.PATIENCE_SECONDS", 0.5)
    put(bench.workspace, {"evil.txt": "a" * 40 + "!\n"})
    start = time.process_time()
    assert search(bench, r"^(a|a|aa)+$", regex=True).code == "too_slow"
    assert time.process_time() - start < 5


def test_links_and_pipes_are_not_followed(bench: Workbench) -> None:
    (bench.workspace / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(bench.workspace / "pipe")
    assert search(bench, "root:").data["count"] == 0
    assert search(bench, "root:", folder="passwd").code == "not_found"


def test_the_diff_is_against_where_the_delivery_started(bench: Workbench) -> None:
    assert show_diff(bench, ShowDiff()).summary == "Nothing has changed yet."
    put(bench.workspace, {"shop/prices.py": "def total(prices):\n    return 0\n", "new.txt": "1\n2\n"})
    (bench.workspace / "README.md").unlink()
    result = show_diff(bench, ShowDiff())
    assert result.data["files"] == ["README.md +0 -1 deleted", "new.txt +2 -0 added", "shop/prices.py +1 -1"]
    assert "+    return 0\n" in str(result.data["diff"])


def test_a_long_diff_is_whole_in_the_artifact(bench: Workbench) -> None:
    put(bench.workspace, {"new.txt": "line\n" * 10_000})
    result = show_diff(bench, ShowDiff())
    assert len(str(result.data["diff"])) == 8_000
    assert bench.artifacts.get(result.artifacts["diff"]).count(b"+line") == 10_000


def generated(bench: Workbench, files: dict[str, str], before: dict[str, str] | None = None) -> None:
    """Lay out what is generated, merged with the branch, as the tool that makes a service does."""
    held = repository(bench)
    who, when = agent("code"), bench.when
    parent = commit_generation(held, before, None, "Generate", who, when, Redactor(())) if before else None
    generation = commit_generation(held, files, parent, "Generate", who, when, Redactor(()))
    merged = merge_generation(held, held.required(branch_of(bench)), generation)
    assert not merged.conflicts
    checkout(held, merged.tree, bench.workspace)
    note_generation(bench, generation)


STUB = "def schedule():\n    raise NotImplementedError\n"
LONG = "".join(f"line_{number} = {number}\n" for number in range(2_000))


def test_of_a_generated_service_what_is_written_by_hand_is_shown(bench: Workbench) -> None:
    made = {"app/custom/schedule.py": STUB, "app/long.py": LONG, "app/main.py": "a = 1\nb = 2\n"}
    generated(bench, made)
    result = show_diff(bench, ShowDiff())
    assert result.data["diff"] == ""
    assert result.summary == (
        "3 files are changed. All are unchanged since generation, so they are only listed; read_file shows them."
    )
    written = {
        "app/custom/schedule.py": "def schedule():\n    return 12\n",
        "app/main.py": "a = 1\nb = 3\n",
        "README.md": "Totals are due.\n",
        "tests/examples/test_a.py": "def test_a(): pass\n",
        "zoo.py": "cage = 1\n",
    }
    put(bench.workspace, {**written})
    result = show_diff(bench, ShowDiff())
    assert result.data["files"] == [
        "README.md +1 -1",
        "app/custom/schedule.py +2 -0 added",
        "app/main.py +2 -0 added",
        "tests/examples/test_a.py +1 -0 added",
        "zoo.py +1 -0 added",
        "app/long.py +2000 -0 added generated",
    ]
    shown = str(result.data["diff"])
    assert "line_" not in shown
    assert "-    raise NotImplementedError\n+    return 12\n" in shown
    assert " a = 1\n-b = 2\n+b = 3\n" in shown, "against what was generated"
    assert "-Totals are summed.\n+Totals are due.\n" in shown, "people's own: against where it started"
    assert shown.index("+cage = 1") < shown.index("+def test_a()"), "code before tests"
    assert result.summary == (
        "6 files are changed. The diff shows 5 hand-written changes. The others are only listed; "
        "read_file shows them."
    )
    assert "+line_1999" in bench.artifacts.get(result.artifacts["diff"]).decode()


def test_what_is_taken_away_by_hand_is_shown_and_what_the_generator_takes_away_is_not(tmp_path: Path) -> None:
    bench = delivery(tmp_path, {"mine.py": "mine = 1\n"})
    generated(bench, {"app/a.py": "a = 1\n", "app/b.py": "b = 1\n"})
    commit(bench, Commit(message="Make it"))
    merge_story(bench, Merge(tree=workspace_tree(bench), title="Made"))

    later = replace(
        bench, delivery="fix-2-abc123", story="FIX-2", workspace=bench.workspace.with_name("fix-2")
    )
    open_repository(later, OpenRepository(story="FIX-2"))
    assert not show_diff(later, ShowDiff()).data["files"]
    generated(later, {"app/b.py": "b = 1\n"}, before={"app/a.py": "a = 1\n", "app/b.py": "b = 1\n"})
    (later.workspace / "mine.py").unlink()
    (later.workspace / "app/b.py").unlink()
    result = show_diff(later, ShowDiff())
    assert result.data["files"] == [
        "app/b.py +0 -1 deleted",
        "mine.py +0 -1 deleted",
        "app/a.py +0 -1 deleted generated",
    ]
    assert "-a = 1" not in str(result.data["diff"])
    assert "-b = 1" in str(result.data["diff"])
    assert "-mine = 1" in str(result.data["diff"])


def test_what_does_not_fit_is_named(bench: Workbench) -> None:
    generated(bench, {"app/main.py": "a = 1\n"})
    put(bench.workspace, {"app/first.py": "a = 2\n", "app/second.py": LONG, "tests/test_third.py": LONG})
    result = show_diff(bench, ShowDiff())
    assert len(str(result.data["diff"])) == 8_000
    assert "+a = 2" in str(result.data["diff"])
    assert result.summary.endswith(
        "characters are shown; use read_file for the rest: app/second.py, tests/test_third.py."
    )
    put(bench.workspace, {f"many/m{number}.py": LONG[:3_000] for number in range(200)})
    result = show_diff(bench, ShowDiff())
    assert result.summary.endswith(" more. Only the first 100 files are listed.")
    assert len(str(result.data)) < 12_000
    assert len(result.summary) < 500
