"""Repositories that people made: their main branch has work of theirs, but no blueprint."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from tools.projects.trees import repository
from tools.result import Workbench


def is_existing_project(bench: Workbench) -> bool:
    """Whether people made the repository: then nothing is generated, and what is there counts."""
    held = repository(bench)
    return is_existing(held.files(held.required(held.base_ref)))


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
"""What a host puts into a new repository: with nothing else in it, there is no work of people's yet."""


def is_existing(files: Iterable[str]) -> bool:
    """Whether these are the files of a repository that people made."""
    named = set(files)
    work = [each for each in named if not any(fnmatchcase(each, pattern) for pattern in NO_WORK)]
    return bool(work) and BLUEPRINT not in named
