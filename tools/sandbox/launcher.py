"""Starts the launcher, a small process of the base interpreter that confines and supervises a job.

The launcher never outlives this process: it watches a pipe whose write end only this process holds, and which the
kernel closes at its exit. (A parent-death signal would be sent as soon as the *thread* that started it exits.)
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
    """A program, such as bwrap, that sets up the launcher's environment and then starts it."""

    argv: tuple[str, ...]
    """Start of the command line; the `answer` option with its descriptor, "--" and the launcher follow."""
    answer: str
    """Option for the descriptor to which the program writes the launcher's process id (`"child-pid": 1234` in JSON)."""
    descriptors: tuple[int, ...] = ()
    """Further descriptors that the program inherits; closed in this process once it has started."""


class Launcher:
    """A started launcher: its process and the pipes to it."""

    def __init__(self, process: subprocess.Popen[bytes], control: int, status: int, group: Group) -> None:
        """Take ownership of the process, the pipes and the control group."""
        self.process = process
        self.status = status
        """Read end of the status pipe, with the lines that `tools.sandbox.inside.supervise` writes."""
        self.ended = os.pidfd_open(process.pid)
        """A pidfd of the launcher, readable once it has exited."""
        self._confined: int | None = None
        self._control: int | None = control
        self._group = group

    def confine(self, process: int) -> None:
        """Move the process that supervises the job into the control group, and keep a pidfd of it."""
        self._confined = os.pidfd_open(process)
        self._group.attach(process)

    def terminate(self) -> None:
        """Ask the program to exit, by having the launcher send it SIGTERM."""
        if self._control is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._control, b"T")

    def kill(self) -> None:
        """Make the launcher kill all processes of the job; does nothing if called again."""
        if self._control is not None:
            os.close(self._control)
            self._control = None

    def out_of_memory(self) -> bool:
        """Return whether a process has been killed for exceeding the cgroup's memory limit."""
        return self._group.out_of_memory()

    def close(self) -> None:
        """Kill all processes, wait until they are gone, and release all resources."""
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=_PATIENCE_SECONDS)
        self._force_kill()
        self.process.wait()
        for descriptor in (self.status, self.ended, self._confined):
            if descriptor is not None:
                os.close(descriptor)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        self._group.remove()

    def _force_kill(self) -> None:
        """Kill a launcher that takes too long, and the supervising process in case the launcher died first."""
        self.process.kill()
        if self._confined is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._confined, signal.SIGKILL)


def launch(plan: Plan, wrapping: Wrapping | None = None, log: IO[bytes] | None = None) -> Launcher:
    """Start the launcher of a sandbox; raises SandboxFailed if it cannot be started.

    Without `log`, stdout and stderr are pipes; otherwise both go to `log`, as do the launcher's own messages.
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
        payload = order(plan, Ends(pipes.control[0], pipes.status[1], log), group)
        process = _start(pipes, wrapping, log, group)
    except BaseException:
        pipes.close_ours()
        group.remove()
        raise
    finally:
        pipes.close_theirs()
    launcher = Launcher(process, pipes.control[1], pipes.status[0], group)
    try:
        with os.fdopen(pipes.answer[0], "rb") as answer, os.fdopen(pipes.order[1], "wb") as orders:
            launcher.confine(_confined_process(answer, process.pid))
            orders.write(payload)
    except OSError as error:
        message = process.communicate()[1] if log is None else b""
        launcher.close()
        raise SandboxFailed(
            f"The {plan.kind} sandbox did not start: {last_line(message) or error}"
        ) from error
    return launcher


class _Pipes:
    """The pipes between this process and the launcher, each a tuple of read end and write end."""

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
    others = (group.oom_events, group.cpu_usage, log.fileno() if log else None)
    passed += [each for each in others if each is not None]
    if wrapping:
        command = [*wrapping.argv, wrapping.answer, str(pipes.answer[1]), "--", *command]
        # Both ends of the answer pipe: if this process died now, writing must not kill the wrapping program.
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
    """Return the id of the process to confine: the one named in the answer, or else the launcher itself.

    The answer is read to its end, since a broken pipe would kill its writer.
    """
    text = b""
    while not text.rstrip().endswith(b"}") and (line := answer.readline()):
        text += line
    named = re.search(rb'"child-pid": (\d+)', text)
    return int(named[1]) if named else launcher


def last_line(text: bytes) -> str:
    """Return the last line of a failed launcher's output, or "" if it is empty."""
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def log_file(path: Path) -> IO[bytes]:
    """Open a log and seek to its end; not in append mode, since its older half is dropped in place when it is full.

    The log may be a named pipe, whose reader then limits its size. Raises SandboxFailed if it cannot be opened.
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
