"""Runs one of the crew's own programs while this process lives; unconfined, so not to be used for generated code."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

# The child asks the kernel to kill it with its parent, checks that the parent is still alive, and only then
# executes the program. (Python code between fork and exec can hang in a process with threads.)
_EXECUTE = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
_GRACE_SECONDS = 2.0


class Server:
    """A running program that does not inherit this process's environment.

    On Linux, the program is killed when this process exits for whatever reason; on other systems, only `stop` ends it.
    """

    def __init__(self, command: tuple[str, ...], folder: Path, log: Path) -> None:
        """Start the program in `folder` and append its output to `log`; raises OSError if no process can be started.

        `command[0]` must be an absolute path; if the program does not exist, the child process exits at once and the
        error is in the log.
        """
        self._command = command
        self._folder = folder
        self._log = log
        self._started = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._problem: OSError | None = None
        # The kernel treats the exit of the thread that started a child as the exit of its parent. The caller's thread
        # may be short-lived, so a dedicated thread starts the program and waits for it.
        self._thread = threading.Thread(target=self._watch, name=f"server {command[0]}", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._problem is not None:
            raise self._problem

    @property
    def pid(self) -> int:
        """Process id of the program, or 0 if it could not be started."""
        return self._process.pid if self._process else 0

    @property
    def has_exited(self) -> bool:
        """Whether the program has exited."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Terminate the program, kill it if it is still running after two seconds, and wait until it has exited."""
        if self._process is None:
            return
        self._process.terminate()
        self._thread.join(_GRACE_SECONDS)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()

    def _watch(self) -> None:
        try:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603  the crew's own command, no shell
                    (sys.executable, "-I", "-S", "-c", _EXECUTE, str(os.getpid()), *self._command),
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
            self._started.set()
        self._process.wait()
