"""Starting the launcher: a small process of the base interpreter that confines a job and watches over it.

It dies with us whatever happens to us: it holds the read end of a pipe whose write end only we hold, and the
kernel closes that for us. (A parent-death signal would not do: it is sent when the *thread* that started it ends.)
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tools.errors import SandboxFailed
from tools.sandbox.cgroups import Group
from tools.sandbox.filesystem import base_environment, base_python
from tools.sandbox.launcher_payload import BOOT, Ends, Plan, order

_PATIENCE_SECONDS = 5.0
"""How long the launcher may take to kill a job before it is killed itself."""


@dataclass(frozen=True)
class Wrapping:
    """What stands before the launcher's command line: a program that starts it where it is to run."""

    argv: tuple[str, ...]
    """Followed by the option and its descriptor, "--" and the launcher."""
    answer: str
    """Option for a descriptor to which it writes, as JSON, who the launcher is (`"child-pid": 1234`)."""
    descriptors: tuple[int, ...] = ()
    """Further ones that it needs; closed once it has started."""


class Launcher:
    """A started launcher: its process and the pipes to it."""

    def __init__(self, process: subprocess.Popen[bytes], control: int, status: int, group: Group) -> None:
        """Take over the process, the pipes and the control group."""
        self.process = process
        self.status = status
        """Read end; lines as `tools.sandbox.inside.supervise` writes them."""
        self.ended = os.pidfd_open(process.pid)
        """Readable when the process has ended."""
        self._confined: int | None = None
        self._control: int | None = control
        self._group = group

    def confine(self, process: int) -> None:
        """Put the process that supervises the job into its control group, and hold on to it."""
        self._confined = os.pidfd_open(process)
        self._group.attach(process)

    def terminate(self) -> None:
        """Ask the program to end."""
        if self._control is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._control, b"T")

    def kill(self) -> None:
        """Have everything killed; harmless when that has happened."""
        if self._control is not None:
            os.close(self._control)
            self._control = None

    def out_of_memory(self) -> bool:
        """Whether a cgroup has killed something of it."""
        return self._group.out_of_memory()

    def close(self) -> None:
        """Wait until all is gone, and tidy up."""
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=_PATIENCE_SECONDS)
        self._kill_without_help()
        self.process.wait()
        for descriptor in (self.status, self.ended, self._confined):
            if descriptor is not None:
                os.close(descriptor)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        self._group.remove()

    def _kill_without_help(self) -> None:
        """For one that takes too long, or that died before what it had started could notice."""
        self.process.kill()
        if self._confined is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._confined, signal.SIGKILL)


def launch(plan: Plan, wrapping: Wrapping | None = None, log: IO[bytes] | None = None) -> Launcher:
    """Start the launcher of a sandbox; raises SandboxFailed.

    Without a log, stdout and stderr are pipes. With one, what the launcher itself has to say goes there too.
    """
    try:
        return _launch(plan, wrapping, log)
    except OSError as error:
        raise SandboxFailed(f"The {plan.kind} sandbox did not start: {error}") from error
    finally:
        for descriptor in wrapping.descriptors if wrapping else ():
            os.close(descriptor)


def _launch(plan: Plan, wrapping: Wrapping | None, log: IO[bytes] | None) -> Launcher:
    group, pipes = Group(plan.job.limits), _Pipes()
    try:
        orders = order(plan, Ends(pipes.control[0], pipes.status[1], log), group)
        process = _start(pipes, wrapping, log, group)
    except BaseException:
        pipes.close_ours()
        group.remove()
        raise
    finally:
        pipes.close_theirs()
    launcher = Launcher(process, pipes.control[1], pipes.status[0], group)
    try:
        with os.fdopen(pipes.answer[0], "rb") as answer, os.fdopen(pipes.order[1], "wb") as told:
            launcher.confine(_confined_process(answer, process.pid))
            told.write(orders)
    except OSError as error:
        message = process.communicate()[1] if log is None else b""
        launcher.close()
        raise SandboxFailed(
            f"The {plan.kind} sandbox did not start: {last_line(message) or error}"
        ) from error
    return launcher


class _Pipes:
    """Pipes between us and the launcher, each with its read end first."""

    def __init__(self) -> None:
        self.order, self.control = os.pipe(), os.pipe()
        self.status, self.answer = os.pipe(), os.pipe()

    def close_ours(self) -> None:
        for end in (self.order[1], self.control[1], self.status[0], self.answer[0]):
            os.close(end)

    def close_theirs(self) -> None:
        for end in (self.order[0], self.control[0], self.status[1], self.answer[1]):
            os.close(end)


def _start(
    pipes: _Pipes, wrapping: Wrapping | None, log: IO[bytes] | None, group: Group
) -> subprocess.Popen[bytes]:
    command = [str(base_python()), "-I", "-S", "-c", BOOT, str(pipes.order[0])]
    passed = [pipes.order[0], pipes.control[0], pipes.status[1]]
    passed += [each for each in (group.oom_events, log.fileno() if log else None) if each is not None]
    if wrapping:
        command = [*wrapping.argv, wrapping.answer, str(pipes.answer[1]), "--", *command]
        # With its read end too: should we die now, writing the answer must not kill who others wait for.
        passed += [*pipes.answer, *wrapping.descriptors]
    output = log or subprocess.PIPE
    return subprocess.Popen(  # noqa: S603  this is where jobs are started
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd="/",
        env=base_environment(),
        pass_fds=passed,
        start_new_session=True,
    )


def _confined_process(answer: IO[bytes], launcher: int) -> int:
    """Return the process to bound: the one that the answer names, or else the launcher itself.

    The answer is read to its end: who writes it would die of a pipe that nobody reads.
    """
    text = b""
    while not text.rstrip().endswith(b"}") and (line := answer.readline()):
        text += line
    named = re.search(rb'"child-pid": (\d+)', text)
    return int(named[1]) if named else launcher


def last_line(text: bytes) -> str:
    """Return the last line of what a failed launcher had to say."""
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def log_file(path: Path) -> IO[bytes]:
    """Open a log to be continued. Not for appending only, since its older half is dropped when it is full.

    It may be a named pipe that somebody reads: then bounding it is left to them. Raises SandboxFailed.
    """
    try:
        if path.is_fifo():
            handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            os.set_blocking(handle, True)
            return os.fdopen(handle, "wb", buffering=0)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        file = path.open("r+b", buffering=0)
        file.seek(0, os.SEEK_END)
    except OSError as error:
        raise SandboxFailed(f"The log {path} cannot be written: {error}") from error
    return file
