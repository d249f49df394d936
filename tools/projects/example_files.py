"""Paths of a story's example tests."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tools.projects.kind import is_existing_project
from tools.projects.trees import branch_of, repository
from tools.result import Workbench

SERVICE_FOLDER = "tests/examples"
TEST_FILE = re.compile(r"(.*/)?(test_[^/]*|[^/]*_test)\.py")


def examples_file(bench: Workbench) -> str:
    """Return the path of the story's example tests, which is unused on main and constant throughout a delivery."""
    held = repository(bench)
    main = held.files(held.base_commit())
    name = "_".join(re.findall(r"[a-z0-9]+", bench.story.lower())) or "story"
    if is_existing_project(bench):
        folders = Counter(Path(each).parent.as_posix() for each in main if TEST_FILE.fullmatch(each))
        folder = min(folders, key=lambda each: (-folders[each], each)) if folders else "tests"
        stem = f"test_{name}_examples"
    else:
        folder, stem = SERVICE_FOLDER, f"test_{name}"
    start = "" if folder == "." else f"{folder}/"
    numbers = ("", *(f"_{number}" for number in range(2, 1_000)))
    return next(path for each in numbers if (path := f"{start}{stem}{each}.py") not in main)


def example_files(bench: Workbench) -> frozenset[str]:
    """Return the paths of the existing example tests, and of the file that makes their folder a package."""
    held, file = repository(bench), examples_file(bench)
    tip = held.ref(branch_of(bench))
    if tip is None or held.show(tip, file) is None:
        return frozenset()
    return frozenset({file} if is_existing_project(bench) else {file, f"{SERVICE_FOLDER}/__init__.py"})
