"""A program of the crew's own, run for as long as this process lives; unconfined, so never generated code."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

# The child asks the kernel to end it with its parent, checks that the parent did not end meanwhile, and only
# then becomes the program. (Python code between fork and exec can hang in a process that has threads.)
_BECOME = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
_LINGER_SECONDS = 2.0


class Server:
    """A running program; see `start_server`."""

    def __init__(self, command: tuple[str, ...], folder: Path, log: Path) -> None:
        self._command = command
        self._folder = folder
        self._log = log
        self._begun = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._problem: OSError | None = None
        # The kernel takes the end of the thread that started a child for the end of its parent. So a thread
        # of its own starts it and waits for it, however short the caller's thread lives.
        self._thread = threading.Thread(target=self._watch, name=f"server {command[0]}", daemon=True)
        self._thread.start()
        self._begun.wait()
        if self._problem is not None:
            raise self._problem

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid if self._process else 0

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Ask it to end, kill it after two seconds, and wait until it is gone."""
        if self._process is None:
            return
        self._process.terminate()
        self._thread.join(_LINGER_SECONDS)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()

    def _watch(self) -> None:
        try:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603  the crew's own command, no shell
                    (sys.executable, "-I", "-S", "-c", _BECOME, str(os.getpid()), *self._command),
                    cwd=self._folder,
                    env={"PATH": "/usr/bin:/bin", "HOME": str(self._folder), "LANG": "C.UTF-8"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            self._problem = error
            return
        finally:
            self._begun.set()
        self._process.wait()


def start_server(command: tuple[str, ...], folder: Path, log: Path) -> Server:
    """Start a program in `folder`, its output appended to `log`, with nothing of this process' environment.

    It dies with this process, however that ends; other systems than Linux need `stop` for that. `command[0]`
    must be an absolute path; a program that is not there ends at once and says so in the log. Raises OSError if
    no process can be had.
    """
    return Server(command, folder, log)
