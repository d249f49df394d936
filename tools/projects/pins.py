"""Pins of an existing project, resolved once from its requirements and then stored.

They are stored in the delivery's scratch folder, to which code in the workspace cannot write, so that the installed
packages are exactly those that the policies have judged.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from tools.environments.install import resolve
from tools.errors import EnvironmentFailed, IndexUnreachable, RequirementRefused
from tools.projects.requirements import Files, FolderFiles, TreeFiles, Wanted, tox_lines, wanted
from tools.projects.trees import repository
from tools.result import Workbench
from tools.testing.test_command import find_test_command
from tools.workspace.atomic_write import write_atomically

NAME = "the repository's requirements"


def stored_pins(bench: Workbench, version: str = "") -> str | None:
    """Return the pins of the workspace, or of a commit: "" if none are needed, None if they are not resolved yet."""
    asked = _asked(bench, version)
    if not asked.lines and not asked.problems:
        return ""
    place = _place(bench, asked)
    return place.read_text() if place.is_file() else None


def resolve_pins(bench: Workbench, version: str = "") -> str:
    """Return the pins, resolving them if necessary; pins of the main branch are kept where they still fit.

    Raises EnvironmentFailed, whose message says what is not available and how to fix it.
    """
    known = stored_pins(bench, version)
    if known is not None:
        return known
    asked = _asked(bench, version)
    if asked.problems:
        raise RequirementRefused(" ".join(asked.problems[:3]))
    held = repository(bench)
    main = held.base_commit()
    before = "" if version == main else _of_main(bench, main)
    found = resolve(
        bench.sandbox,
        asked.lines,
        bench.cache,
        _folder(bench),
        constraints=asked.constraints,
        kept=before,
    )
    write_atomically(_place(bench, asked), found)
    return found


def _of_main(bench: Workbench, main: str) -> str:
    """Return the pins of main, or "" if they cannot be resolved, which the change may fix."""
    try:
        return resolve_pins(bench, main)
    except IndexUnreachable:
        raise
    except EnvironmentFailed:
        return ""


def _asked(bench: Workbench, version: str) -> Wanted:
    files: Files = TreeFiles(repository(bench), version) if version else FolderFiles(bench.workspace)
    command = find_test_command(bench.workspace, bench.test_command)
    extra = ["pytest"] if command and command.needs_pytest(bench.workspace) else []
    extra += tox_lines(files) if command and command.kind == "tox" else []
    return wanted(files, extra)


def _place(bench: Workbench, asked: Wanted) -> Path:
    return _folder(bench) / f"{hashlib.sha256(asked.model_dump_json().encode()).hexdigest()[:32]}.txt"


def _folder(bench: Workbench) -> Path:
    folder = bench.home / "scratch" / bench.delivery / "requirements"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
