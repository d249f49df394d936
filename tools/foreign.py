"""Repositories that the crew did not make: their main branch has files, but no blueprint."""

from __future__ import annotations

from tools.repository import repository
from tools.result import Workbench

BLUEPRINT = "blueprint.yaml"


def is_foreign(bench: Workbench) -> bool:
    """Whether the main branch has files and no blueprint: then nothing is generated, and what is there counts."""
    held = repository(bench)
    files = held.files(held.required(held.base_ref))
    return bool(files) and BLUEPRINT not in files
