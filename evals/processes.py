"""Measurement of the time and memory that a command takes."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from pydantic import BaseModel

_TICK = 0.02


class Measurement(BaseModel, frozen=True):
    """Output and resource use of a finished command."""

    exit_code: int
    stdout: str
    seconds: float
    peak_bytes: int
    """Peak resident memory of the process itself, without its children."""


def run_measured(argv: tuple[str, ...], folder: Path) -> Measurement:
    """Run a command to completion and measure it; its stderr is passed through."""
    with tempfile.TemporaryFile() as out:
        begun = time.perf_counter()
        process = subprocess.Popen(argv, stdout=out, cwd=folder)
        peaks = [0]
        # wait4 would report the peak of the process or of any of its children, whichever is larger.
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks), daemon=True)
        watcher.start()
        process.wait()
        seconds = time.perf_counter() - begun
        watcher.join()
        out.seek(0)
        printed = out.read().decode("utf-8", "replace")
    return Measurement(exit_code=process.returncode, stdout=printed, seconds=seconds, peak_bytes=max(peaks))


def _watch(process: int, peaks: list[int]) -> None:
    while peak := _peak_bytes(process):
        peaks.append(peak)
        time.sleep(_TICK)


def _peak_bytes(process: int) -> int:
    """Return the peak resident memory of a process so far, as reported by the kernel; 0 if it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    match = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(match[1]) * 1024 if match else 0
