"""Service logs, bounded in size and with secrets redacted."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from pathlib import Path

from pydantic import SecretStr

from tools.redaction import Redactor

FILE_BYTES = 2_000_000
"""Size above which a log is renamed to `<name>.1`, replacing any earlier one."""
KEPT_FILES = 40
"""Number of logs to keep; the oldest ones beyond it are removed."""
TAIL_LINES = 20
TAIL_LINE_BYTES = 400
FLOOD_PAUSE_SECONDS = 0.01
"""Pause after a full read, to slow down a service that floods its log."""
LINE_BYTES = 64 * 1024
"""Maximum length of a line; longer ones are split."""


class ServiceLog:
    """A named pipe that the processes of a service write to, and a thread that copies it into the log file.

    If the processes wrote to a plain file, its size could not be bounded and secrets could not be redacted.
    """

    def __init__(self, file: Path, pipe: Path, secrets: dict[str, SecretStr]) -> None:
        self.file = file
        self.pipe = pipe
        # Even a secret of only four letters is redacted from logs, although it may be part of a word.
        self._redact = Redactor(tuple(value.get_secret_value() for value in secrets.values()), shortest=4)
        self._tail: deque[bytes] = deque(maxlen=TAIL_LINES)
        self._thread: threading.Thread | None = None
        self._reader = -1

    def open(self) -> None:
        """Create the pipe and open it for reading, so that it can be opened for writing."""
        os.mkfifo(self.pipe, 0o600)
        self._reader = os.open(self.pipe, os.O_RDONLY | os.O_NONBLOCK)

    def follow(self) -> None:
        """Start copying the pipe to the log until its last writer closes it; a writer must already have opened it."""
        os.set_blocking(self._reader, True)
        self._thread = threading.Thread(target=self._copy, name=f"log {self.file.name}", daemon=True)
        self._thread.start()

    def tail(self) -> str:
        """Return the last lines, with long ones truncated."""
        return b"\n".join(self._tail).decode(errors="replace")

    def close(self) -> None:
        """Wait up to one second until the pipe has been copied to the log, then remove the pipe."""
        if self._thread is not None:
            self._thread.join(timeout=1)
        elif self._reader >= 0:
            os.close(self._reader)
            self._reader = -1
        self.pipe.unlink(missing_ok=True)

    def _copy(self) -> None:
        rest = b""
        while chunk := os.read(self._reader, LINE_BYTES):
            lines, newline, rest = (rest + chunk).rpartition(b"\n")
            if len(rest) > LINE_BYTES:
                lines, newline, rest = lines + newline + rest, b"\n", b""
            self._keep(lines + newline)
            if len(chunk) == LINE_BYTES:
                time.sleep(FLOOD_PAUSE_SECONDS)
        self._keep(rest)
        os.close(self._reader)

    def _keep(self, text: bytes) -> None:
        if not text:
            return
        text = self._redact.bytes(text)
        self._tail.extend(line[:TAIL_LINE_BYTES] for line in text.splitlines()[-TAIL_LINES:])
        try:
            with self.file.open("ab") as file:
                file.write(text)
                size = file.tell()
            if size > FILE_BYTES:
                self.file.replace(self.file.with_name(self.file.name + ".1"))
        except OSError:
            # A full disk must not block the service; the tail is kept in memory anyway.
            return


def prune(folder: Path) -> None:
    """Remove all but the `KEPT_FILES` most recently written logs in a folder."""
    logs = sorted(folder.glob("*.log*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in logs[KEPT_FILES:]:
        path.unlink(missing_ok=True)
