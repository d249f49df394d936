"""Running a command and seeing what it took."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Took(BaseModel):
    """What a command printed and needed."""

    model_config = ConfigDict(frozen=True)

    exit_code: int
    stdout: str
    seconds: float
    peak_bytes: int
    """Resident memory of the process itself at its largest; its children count for themselves."""


def run_measured(argv: tuple[str, ...], folder: Path) -> Took:
    """Run a command to its end, its errors shown as they come."""
    with tempfile.TemporaryFile() as out:
        begun = time.perf_counter()
        process = subprocess.Popen(argv, stdout=out, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        printed = out.read().decode("utf-8", "replace")
    return Took(
        exit_code=process.returncode, stdout=printed, seconds=seconds, peak_bytes=usage.ru_maxrss * 1024
    )
