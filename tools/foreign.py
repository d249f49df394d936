"""Repositories that people made: their main branch has work of theirs, but no blueprint."""

from __future__ import annotations

from tools.repository import made_by_people, repository
from tools.result import Workbench


def is_foreign(bench: Workbench) -> bool:
    """Whether people made the repository: then nothing is generated, and what is there counts."""
    held = repository(bench)
    return made_by_people(held.files(held.required(held.base_ref)))
