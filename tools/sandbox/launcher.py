"""Starting the launcher: a small process of the base interpreter that confines a job and watches over it.

It dies with us whatever happens to us: it holds the read end of a pipe whose write end only we hold, and the kernel
closes that for us. (A parent-death signal would not do: it is sent when the *thread* that started it ends.)
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import marshal
import os
import platform
import re
import signal
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from importlib.abc import InspectLoader
from pathlib import Path
from types import CodeType
from typing import IO, Any

from tools.errors import SandboxFailed, SandboxUnavailable
from tools.sandbox.cgroups import Group
from tools.sandbox.facts import process_bound
from tools.sandbox.filters import Surroundings, names_of_brokered, seccomp_filter
from tools.sandbox.inside import landlock as kernel_landlock
from tools.sandbox.model import Job
from tools.sandbox.syscalls import AUDIT_ARCH, number
from tools.sandbox.view import USER, View, base_python, own_files, search_path

DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"]
"""What a job may use of the machine's devices where it has none of its own."""
_MODULES = (
    "order",
    "kernel",
    "scratch",
    "watch",
    "family",
    "forks",
    "landlock",
    "program",
    "mounts",
    "broker",
    "supervise",
    "main",
)
"""In the order of their imports."""
_BOOT = "import marshal, sys; order = open(int(sys.argv[1]), 'rb'); exec(marshal.load(order))"
_LOADER = """
modules, fields = marshal.load(order)
for name, code in modules:
    sys.modules[name] = module = type(sys)(name)
    package, _, short = name.rpartition(".")
    setattr(sys.modules.setdefault(package, type(sys)(package)), short, module)
    exec(code, module.__dict__)
module.main(fields)
"""

_PATIENCE_SECONDS = 5.0
"""How long the launcher may take to kill a job before it is killed itself."""


@dataclass(frozen=True)
class Wrapping:
    """What stands before the launcher's command line, for a program that starts it where it is to run."""

    argv: tuple[str, ...]
    """Followed by the name of the option's descriptor, "--" and the launcher."""
    answer: str
    """Option for a descriptor to which it writes, as JSON, who the launcher is (`"child-pid": 1234`)."""
    descriptors: tuple[int, ...] = ()
    """Further ones that it needs; closed once it has started."""


class Launcher:
    """A started launcher: its process and the pipes to it."""

    def __init__(self, process: subprocess.Popen[bytes], control: int, status: int, group: Group) -> None:
        """Take over the process and the pipes."""
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

    def kill_now(self) -> None:
        """Kill it without its help."""
        self.process.kill()
        if self._confined is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._confined, signal.SIGKILL)

    def close(self) -> None:
        """Wait until all is gone, and tidy up."""
        self.kill()
        try:
            self.process.wait(timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill_now()
        else:
            self.kill_now()  # the launcher may have died alone
        self.process.wait()
        for descriptor in (self.status, self.ended, self._confined):
            if descriptor is not None:
                os.close(descriptor)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        self._group.remove()

    def out_of_memory(self) -> bool:
        """Whether a cgroup has killed something of it."""
        return self._group.out_of_memory()


def launch(
    kind: str,
    job: Job,
    seen: View,
    *,
    wrapping: Wrapping | None = None,
    log: IO[bytes] | None = None,
    scratch: Path | None = None,
    landlock: int | None = None,
) -> Launcher:
    """Start the launcher of a sandbox.

    A scratch folder, which it makes and removes, is for jobs without a world of their own. `landlock` is the newest
    version of it to use; None means what the kernel has.

    Without a log, stdout and stderr are pipes. With one, what the launcher itself has to say goes there too.
    """
    group = Group(job.limits)
    ours, theirs = _pipes()
    passed = [theirs.order, theirs.control, theirs.status]
    passed += [theirs.process, *wrapping.descriptors] if wrapping else []
    passed += [each for each in (group.oom_events, log.fileno() if log else None) if each is not None]
    command = [str(base_python()), "-I", "-S", "-c", _BOOT, str(theirs.order)]
    if wrapping:
        command = [*wrapping.argv, wrapping.answer, str(theirs.process), "--", *command]
    output = log if log else subprocess.PIPE
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=_own_environment(),
            pass_fds=passed,
            start_new_session=True,
        )
    finally:
        theirs.close()
        for descriptor in wrapping.descriptors if wrapping else ():
            os.close(descriptor)
    started = Launcher(process, ours.control, ours.status, group)
    fields = _order(kind, job, seen, theirs, log, group, scratch)
    fields |= _confinement(kind, job.network, group, landlock)
    with os.fdopen(ours.process, "rb") as answer, os.fdopen(ours.order, "wb", buffering=0) as pipe:
        try:
            started.confine(_confined_process(answer, process.pid))
            pipe.write(_loader() + marshal.dumps((_code(), fields)))
        except OSError as error:
            message = process.communicate()[1] if log is None else b""
            started.close()
            raise SandboxFailed(f"The {kind} sandbox did not start: {last_line(message) or error}") from error
    return started


class _Ends:
    """One end of each pipe."""

    def __init__(self, order: int, control: int, status: int, process: int) -> None:
        self.order = order
        self.control = control
        self.status = status
        self.process = process

    def close(self) -> None:
        for descriptor in vars(self).values():
            os.close(descriptor)


def _pipes() -> tuple[_Ends, _Ends]:
    order, control, status, process = os.pipe(), os.pipe(), os.pipe(), os.pipe()
    ours = _Ends(order[1], control[1], status[0], process[0])
    return ours, _Ends(order[0], control[0], status[1], process[1])


def _order(
    kind: str, job: Job, seen: View, ends: _Ends, log: IO[bytes] | None, group: Group, scratch: Path | None
) -> dict[str, Any]:
    limits = job.limits
    own = str(scratch or "/tmp")  # noqa: S108  that of the job's own world
    environment = {"PATH": search_path(), "HOME": own, "TMPDIR": own, "LANG": "C.UTF-8"}
    return {
        "kind": kind,
        "argv": list(job.argv),
        "folder": str(job.folder),
        "environment": environment | job.environment,
        "network": job.network,
        "user": USER,
        "mounts": seen.mounts,
        "hidden": seen.hidden,
        "listable": [str(path) for path in seen.listable],
        "links": [(str(path), target) for path, target in seen.links],
        "files": own_files(job.network),
        "scratch": str(scratch or ""),
        "scratch_bytes": limits.scratch_mb << 20,
        "control": ends.control,
        "status": ends.status,
        "log": log.fileno() if log and log.seekable() else None,
        "log_bytes": limits.file_mb << 20,
        "oom_events": group.oom_events,
        "memory_bytes": None if "memory" in group.bounds else limits.memory_mb << 20,
        "process_limit": limits.processes,
        "cpu_seconds": limits.cpu_seconds,
        "wall_seconds": limits.wall_seconds,
        "file_bytes": limits.file_mb << 20,
    }


def _confinement(kind: str, network: bool, group: Group, newest: int | None) -> dict[str, Any]:
    machine = platform.machine()
    if machine not in AUDIT_ARCH:
        known = " and ".join(AUDIT_ARCH)
        raise SandboxUnavailable(f"No system call filter is known for {machine} machines, only for {known}.")
    version = newest if newest is not None else kernel_landlock.version()
    own_world = kind in ("bubblewrap", "namespaces")
    bound = process_bound(own_world, group.bounds)
    around = Surroundings(
        network=network,
        own_world=own_world,
        memory_counted="memory" in group.bounds,
        forks_counted=bound != "supervisor",
        landlock=version,
    )
    brokered = names_of_brokered(around) if kind != "none" else ()
    return {
        "process_bound": bound,
        "landlock": 0 if kind == "none" else version,
        "devices": DEVICES,
        "seccomp_call": number("seccomp", machine),
        "seccomp": _filter(machine, around),
        "seccomp_brokered": _filter(machine, replace(around, broker=True)) if brokered else b"",
        "brokered": {number(name, machine): name for name in brokered},
        "capset": number("capset", machine),
        "pivot_root": number("pivot_root", machine),
    }


def _own_environment() -> dict[str, str]:
    """Return what the base interpreter needs to start: nothing, unless its library lies in an unusual place."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}


@cache
def _filter(machine: str, around: Surroundings) -> bytes:
    return seccomp_filter(machine, around)


@cache
def _loader() -> bytes:
    return marshal.dumps(compile(_LOADER, "<launcher>", "exec"))


@cache
def _code() -> list[tuple[str, CodeType]]:
    package = importlib.import_module("tools.sandbox.inside").__name__
    code = []
    for each in _MODULES:
        name = f"{package}.{each}"
        spec = importlib.util.find_spec(name)
        if spec is None or not isinstance(spec.loader, InspectLoader):
            raise SandboxUnavailable(f"The launcher's module {name} is missing: install the crew again.")
        compiled = spec.loader.get_code(name)
        if compiled is not None:
            code.append((name, compiled))
    return code


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

    It may be a named pipe that somebody reads: then bounding it is left to them.
    """
    if path.is_fifo():
        return path.open("wb", buffering=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    handle = path.open("r+b", buffering=0)
    handle.seek(0, os.SEEK_END)
    return handle
