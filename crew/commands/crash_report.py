"""Crash reports: the traceback of an unexpected error is saved, and a one-line message is shown."""

from __future__ import annotations

import contextlib
import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from crew.errors import CrewError, Stopped, Unexpected
from crew.known_secrets import redactor_of
from crew.records.health import home_problems
from crew.records.storage import storage_problem
from tools.redaction import Redactor


def crash_error(error: Exception, home: Path | None, command: str) -> CrewError:
    """Write the traceback to `<home>/logs`, and return the error to show.

    If the disk is full or a file is damaged, the error says how to fix that. Otherwise, if the home has a ledger and
    all of its records are intact, it names the command that tries again. Without a writable home, the traceback is
    written to the machine's temporary folder.
    """
    if home is not None and (problem := storage_problem(error, home)):
        return Stopped(f"{problem} Then continue with `{command}`.")
    redact = redactor_of(home)
    path = _save("".join(traceback.format_exception(error)), home, redact)
    summary = redact.text(f"{type(error).__name__}: {error}").splitlines()[0][:300].rstrip(" .:")
    cure = _cure(home, command) if home is not None and (home / "ledger.db").is_file() else ""
    return Unexpected(f"Internal error: {summary}.{cure} The traceback is in {path}.")


def _cure(home: Path, command: str) -> str:
    try:
        problems = home_problems(home)
    except Exception as error:  # noqa: BLE001  the report of one error must not end in another
        return f" The records in {home} could not be checked ({type(error).__name__}: {error})."
    if problems:
        return " " + " ".join(problems)
    return f" The ledger, artifacts and checkpoints in {home} were checked and are intact: `{command}` tries again."


def _save(text: str, home: Path | None, redact: Redactor) -> Path:
    text = redact.text(text)
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.txt"
    if home is not None and home.is_dir():
        with contextlib.suppress(OSError):
            folder = home.resolve() / "logs"
            folder.mkdir(exist_ok=True, mode=0o700)
            (folder / name).write_text(text, encoding="utf-8", errors="replace")
            return folder / name
    handle, path = tempfile.mkstemp(prefix="crew-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return Path(path)
