"""Searching, and what a delivery has changed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.tools.deliveries import delivery, put
from tools.looking import SearchFiles, ShowDiff, search_files, show_diff
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
    assert search(bench, "zebra").summary.startswith("Nothing matches.")
    assert search(bench, "x", folder="nowhere").code == "not_found"
    assert search(bench, "x", folder="../..").code == "not_found"
    assert search(bench, "(", regex=True).code == "bad_pattern"


def test_a_catastrophic_pattern_ends(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.looking.PATIENCE_SECONDS", 0.5)
    put(bench.workspace, {"evil.txt": "a" * 40 + "!\n"})
    start = time.monotonic()
    assert search(bench, r"^(a|a|aa)+$", regex=True).code == "too_slow"
    assert time.monotonic() - start < 5


def test_links_and_pipes_are_not_followed(bench: Workbench) -> None:
    (bench.workspace / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(bench.workspace / "pipe")
    assert search(bench, "root:").data["count"] == 0
    assert search(bench, "root:", folder="passwd").code == "not_found"


def test_the_diff_is_against_where_the_delivery_started(bench: Workbench) -> None:
    assert show_diff(bench, ShowDiff()).summary == "Nothing is changed yet."
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
