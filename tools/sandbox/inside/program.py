"""Turning a forked process into the job's program."""

from __future__ import annotations

import os
import resource

from tools.sandbox.inside import kernel, landlock
from tools.sandbox.inside.order import Order

NOT_FOUND = 127
NOT_RUNNABLE = 126
SET_UP_FAILED = 125

_OPEN_FILES = 4096
_LOCKED_MEMORY = 64 << 10
_OWN_FOLDERS = ("/tmp", "/dev/shm")  # noqa: S108  those of the job's own world
_ADDRESS_ROOM = 512 << 20
"""What a program may map and not touch, on top of twice its memory: thread stacks and the like."""


def start(order: Order, output: int | None) -> int:
    """Fork the program and return its process id; its output goes to `output` if that is given."""
    child = os.fork()
    if child:
        return child
    try:
        _prepare(order, output)
        os.write(order.status, b"started\n")
    except (OSError, ValueError) as error:
        os.write(order.status, f"failed {error}\n".encode())
        os._exit(SET_UP_FAILED)
    os._exit(_execute(order))


def _prepare(order: Order, output: int | None) -> None:
    os.setsid()
    if output is not None:
        os.dup2(output, 1)
        os.dup2(output, 2)
    kernel.set_dumpable(True)
    _limit(order)
    os.chdir(order.folder)
    kernel.default_signals()
    os.closerange(3, order.status)
    os.closerange(order.status + 1, 1 << 16)
    if order.kind != "none":
        kernel.forbid_new_privileges()
        kernel.drop_capabilities(order.capset)
        _fence(order)
        kernel.load_filter(order.seccomp)


def _fence(order: Order) -> None:
    """Enter a Landlock domain: the only fence of a job without a world of its own, else the one behind the first."""
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
    if order.process_rlimit is not None:
        _set(resource.RLIMIT_NPROC, order.process_rlimit)


def _set(which: int, value: int, grace: int = 0) -> None:
    """Set a limit; `grace` is the distance to the hard one, at which the kernel no longer asks."""
    hard = resource.getrlimit(which)[1]
    highest = value + grace if hard == resource.RLIM_INFINITY else min(value + grace, hard)
    resource.setrlimit(which, (min(value, highest), highest))


def _execute(order: Order) -> int:
    """Become the program; return an exit code if that cannot be."""
    name = order.argv[0]
    folders = [""] if "/" in name else order.environment["PATH"].split(":")
    problem: OSError | None = None
    for folder in folders:
        path = f"{folder}/{name}" if folder else name
        try:
            os.execve(path, order.argv, order.environment)
        except (FileNotFoundError, NotADirectoryError) as error:
            problem = problem or error
        except OSError as error:
            problem = error
    text = problem.strerror if problem else "empty PATH"
    os.write(2, f"cannot run {name}: {text}\n".encode())
    missing = problem is None or isinstance(problem, FileNotFoundError | NotADirectoryError)
    return NOT_FOUND if missing else NOT_RUNNABLE
