"""Running a command and seeing what it took."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_TICK = 0.02


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
        peaks = [0]
        # What wait4 tells is the peak of the process or of any child of its, whichever is larger.
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks), daemon=True)
        watcher.start()
        process.wait()
        seconds = time.perf_counter() - begun
        watcher.join()
        out.seek(0)
        printed = out.read().decode("utf-8", "replace")
    return Took(exit_code=process.returncode, stdout=printed, seconds=seconds, peak_bytes=max(peaks))


def _watch(process: int, peaks: list[int]) -> None:
    while found := _peak_bytes(process):
        peaks.append(found)
        time.sleep(_TICK)


def _peak_bytes(process: int) -> int:
    """Return the largest resident memory so far as the kernel keeps it, 0 for a process that has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
