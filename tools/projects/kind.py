"""Existing and generated projects.

An existing project has work on its main branch but no blueprint; any other project is generated from its blueprint.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from tools.projects.trees import repository
from tools.result import Workbench

BLUEPRINT = "blueprint.yaml"
NO_WORK = (
    "README*",
    "LICEN[CS]E*",
    "COPYING*",
    "NOTICE*",
    "CONTRIBUTING*",
    "SECURITY*",
    "CODEOWNERS",
    ".editorconfig",
    ".git*",
)
"""Files that a host adds to a new repository; a repository with only these has no work to preserve."""


def is_existing_project(bench: Workbench) -> bool:
    """Return whether the delivery works on an existing project, for which no code is generated."""
    held = repository(bench)
    return is_existing(held.files(held.base_commit()))


def is_existing(files: Iterable[str]) -> bool:
    """Return whether these are the files of an existing project."""
    named = set(files)
    work = [each for each in named if not any(fnmatchcase(each, pattern) for pattern in NO_WORK)]
    return bool(work) and BLUEPRINT not in named
