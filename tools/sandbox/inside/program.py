"""Forks a process, confines it, and executes the job's program in it."""

from __future__ import annotations

import os
import resource

from tools.sandbox.inside import kernel, landlock
from tools.sandbox.inside.order import Order

NOT_FOUND = 127
NOT_RUNNABLE = 126
SET_UP_FAILED = 125

_MOST_DESCRIPTORS = 1 << 20
_OPEN_FILES = 4096
_OURS = 2
"""Number of the launcher's own processes in the job's user namespace."""
_LOCKED_MEMORY = 64 << 10
_OWN_FOLDERS = ("/tmp", "/dev/shm")  # noqa: S108  those of the job's own file system
_ADDRESS_ROOM = 512 << 20
"""Address space beyond twice the memory limit, for what a program maps but never uses, such as thread stacks."""


def start(order: Order, output: int | None) -> tuple[int, int | None]:
    """Fork and start the program, with its output redirected to `output` if given.

    Returns its process id, and the seccomp listener that reports delegated calls, or None if there is none.
    """
    said, answers = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(said[0])
        os.close(answers[1])
        _become(order, output, said[1], answers[0])
    os.close(said[1])
    os.close(answers[0])
    listener = _listener(child, os.read(said[0], 16))
    os.close(said[0])
    os.close(answers[1])
    return child, listener


def _listener(child: int, number: bytes) -> int | None:
    if not number:
        return None
    try:
        return kernel.pidfd_getfd(os.pidfd_open(child), int(number))
    except OSError:
        return None  # the kernel then refuses the delegated calls


def _become(order: Order, output: int | None, tell: int, answers: int) -> None:
    try:
        _prepare(order, output, (order.status, tell, answers))
        _filter(order, tell)
        os.close(tell)
        os.read(answers, 1)
        os.write(order.status, b"started\n")
    except (OSError, ValueError) as error:
        os.write(order.status, f"failed {error}\n".encode())
        os._exit(SET_UP_FAILED)
    os._exit(_execute(order))


def _prepare(order: Order, output: int | None, kept: tuple[int, ...]) -> None:
    os.setsid()
    if output is not None:
        os.dup2(output, 1)
        os.dup2(output, 2)
    kernel.set_dumpable(True)
    _limit(order)
    os.chdir(order.folder)
    kernel.default_signals()
    for below, above in zip((2, *sorted(kept)), (*sorted(kept), _MOST_DESCRIPTORS), strict=True):
        os.closerange(below + 1, above)
    if order.kind != "none":
        kernel.forbid_new_privileges()
        kernel.drop_capabilities(order.capset_call)
        _fence(order)


def _filter(order: Order, tell: int) -> None:
    """Install the filter and report the descriptor for the delegated calls."""
    if order.kind == "none":
        return
    if not order.seccomp_brokered:
        kernel.load_filter(order.seccomp)
        return
    try:
        listener = kernel.load_filter_with_listener(order.seccomp_call, order.seccomp_brokered)
    except OSError:
        kernel.load_filter(order.seccomp)  # this process already has a listener
    else:
        os.write(tell, b"%d" % listener)


def _fence(order: Order) -> None:
    """Enter a Landlock domain, the only barrier for a job without namespaces, otherwise a second one behind them."""
    abi = order.landlock
    if not abi:
        return
    alone = order.kind == "landlock"
    devices, own = (order.devices, (order.scratch,)) if alone else (["/dev"], _OWN_FOLDERS)
    domain = landlock.Domain(abi, files=True, tcp=alone and not order.network)
    domain.allow("/proc/self" if alone else "/", landlock.READ)
    for path in order.listable:
        domain.allow(path, landlock.READ_FOLDER)
    for path in devices:
        domain.allow(path, landlock.READ | landlock.WRITE_FILE | landlock.DEVICE_COMMANDS)
    for _, path, writable in order.mounts:
        domain.allow(path, landlock.write(abi) if writable else landlock.READ)
    for path in own:
        domain.allow(path, landlock.write(abi))
    domain.enter()


def _limit(order: Order) -> None:
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_FSIZE, order.file_bytes)
    _set(resource.RLIMIT_CPU, order.cpu_seconds + 1, grace=2)
    _set(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _set(resource.RLIMIT_MEMLOCK, _LOCKED_MEMORY)
    if order.memory_bytes is not None:
        _set(resource.RLIMIT_DATA, 2 * order.memory_bytes + _ADDRESS_ROOM)
    if order.process_bound == "rlimit":
        _set(resource.RLIMIT_NPROC, order.process_limit + _OURS)


def _set(which: int, value: int, grace: int = 0) -> None:
    """Set a soft limit of `value`, and a hard limit that exceeds it by `grace`, within the current hard limit."""
    hard = resource.getrlimit(which)[1]
    highest = value + grace if hard == resource.RLIM_INFINITY else min(value + grace, hard)
    resource.setrlimit(which, (min(value, highest), highest))


def _execute(order: Order) -> int:
    """Execute the program in place of this process; returns an exit code if that fails."""
    name = order.argv[0]
    folders = [""] if "/" in name else order.environment["PATH"].split(":")
    problem: OSError | None = None
    for folder in folders:
        path = f"{folder}/{name}" if folder else name
        try:
            os.execve(path, order.argv, order.environment)  # noqa: S606  it is the job's program
        except (FileNotFoundError, NotADirectoryError) as error:
            problem = problem or error
        except OSError as error:
            problem = error
    text = problem.strerror if problem else "empty PATH"
    os.write(2, f"cannot run {name}: {text}\n".encode())
    missing = problem is None or isinstance(problem, FileNotFoundError | NotADirectoryError)
    return NOT_FOUND if missing else NOT_RUNNABLE
