"""The check that the files of a home are intact, made before a person is told that a delivery can be continued."""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from crew.errors import CrewError
from crew.records.checkpoints import damaged_checkpoints, open_saver
from crew.records.home_ledger import open_ledger
from crew.records.storage import disk_problem, storage_problem
from crew.records.verify import damage_text, verify
from tools.errors import ToolError


def home_problems(home: Path) -> list[str]:
    """Return the problems that keep the deliveries of a home from continuing, each with the command that fixes it."""
    home = home.resolve()
    if not home.is_dir():
        return []
    return [each for check in (_disk, _ledger, _checkpoints, _secrets) for each in check(home)]


def _disk(home: Path) -> Iterator[str]:
    if problem := disk_problem(home):
        yield problem


def _ledger(home: Path) -> Iterator[str]:
    if not (home / "ledger.db").exists():
        return
    try:
        with open_ledger(home):
            pass
        damages, _ = verify(home)
    except (CrewError, ToolError, sqlite3.Error) as error:
        yield storage_problem(error, home / "ledger.db") or str(error)
        return
    if damages:
        yield damage_text(home, damages)


def _checkpoints(home: Path) -> Iterator[str]:
    path = home / "checkpoints.db"
    if not path.exists():
        return
    try:
        saver = open_saver(path)
        with closing(saver.conn):
            for _ in saver.list(None):
                pass
    except CrewError as error:
        yield str(error)
    except Exception as error:  # noqa: BLE001  damaged bytes can raise anything when decoded
        yield damaged_checkpoints(path, error)


def _secrets(home: Path) -> Iterator[str]:
    for path in sorted(home.glob("secrets/*.json")):
        try:
            sound = isinstance(json.loads(path.read_bytes()), dict)
        except OSError as error:
            yield storage_problem(error, home) or f"{path} cannot be read: {error.strerror}."
            continue
        except ValueError:
            sound = False
        if not sound:
            yield (
                f"{path} is damaged: it is not a JSON object. Restore it from a backup, or remove it with "
                f"`rm {shlex.quote(str(path))}`; then a new secret is made, and tokens signed with the "
                "old one are refused."
            )
