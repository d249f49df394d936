"""The platform's daemon process: `python -P -m tools.runtimes.local.daemon --home HOME [--detach]`.

It exits on request, when no service is meant to run, and when its files or sockets have been removed. With `--detach`,
its parent is a process that does nothing but start it again if it is killed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import logging
import os
import resource
import secrets
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from aiohttp import web

from tools.errors import PlatformError
from tools.runtimes.local.control import Control
from tools.runtimes.local.json_files import write
from tools.runtimes.local.paths import PlatformPaths, platform_paths, runtime_folder
from tools.runtimes.local.processes import Process, kill_left_over, process
from tools.runtimes.local.state import PROTOCOL, Announcement, find_daemon
from tools.runtimes.local.supervisor import Supervisor
from tools.sandbox import choose
from tools.workspace.removal import remove

IDLE_SECONDS = 3.0
"""How long the daemon stays idle before it exits, so that a stop followed by a start uses the same one."""
LOCK_SECONDS = 60.0
"""How long the daemon waits for a previous one that is shutting down."""
CHECK_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0
"""Longest delay before a daemon that was killed is started again."""
STEADY_SECONDS = 60.0
"""A daemon that ran this long has recovered: if it is killed, that counts as the first time."""
OPEN_FILES = 16384
"""Limit on open files; a request needs two. Services inherit it, and some close every possible descriptor."""


def main() -> int:
    """Run the daemon and return its exit code, which is also 0 if another daemon already serves this home."""
    parser = argparse.ArgumentParser(prog="tools.runtimes.local.daemon")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument(
        "--detach", action="store_true", help="print the id of the daemon's parent and return"
    )
    options = parser.parse_args()
    os.umask(0o077)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING, stream=sys.stderr)
    home = platform_paths(options.home)
    if not options.detach:
        return _run(home, None)
    _detach()
    parent = process(os.getpid())
    return keep_alive(lambda: _run(home, parent))


def keep_alive(run: Callable[[], int]) -> int:
    """Call a function in a child process, and again each time a signal kills it; return the last exit code.

    SIGTERM and SIGINT are passed on to the child, which is then not started again.
    """
    child, over, kills = 0, False, 0

    def stop(number: int, _: object) -> None:
        nonlocal over
        over = True
        if child:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while True:
        started = time.monotonic()
        child = os.fork()
        if not child:
            _exit_with(run)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        child = 0
        if code >= 0 or over:
            return code
        kills = 1 if time.monotonic() - started > STEADY_SECONDS else kills + 1
        logging.warning("the daemon was killed by signal %d: starting it again", -code)
        time.sleep(min(0.1 * 2**kills, LONGEST_PAUSE_SECONDS))
        if over:
            return code


def _exit_with(run: Callable[[], int]) -> NoReturn:
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        code = run()
    except BaseException:  # noqa: BLE001  a child must never continue as its parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _run(home: PlatformPaths, parent: Process | None) -> int:
    """Run the daemon in this process and return its exit code."""
    try:
        home.prepare()
        lock = _lock(home)
        if lock is not None:
            asyncio.run(_serve(home, runtime_folder(home.home), lock, parent))
    except PlatformError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _detach() -> None:
    """Fork; the parent prints the child's process id and exits, so that no client has to reap the daemon."""
    child = os.fork()
    if child:
        print(child, flush=True)
        os._exit(0)
    # The client reads stdout until it is closed.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def _lock(home: PlatformPaths) -> int | None:
    """Return the lock's descriptor, held until this process exits, or None if a running daemon holds the lock."""
    deadline = time.monotonic() + LOCK_SECONDS
    handle = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if find_daemon(home) is not None:
                return None
            if time.monotonic() > deadline:
                raise PlatformError(f"Another daemon holds {home.lock} but does not respond.") from None
            time.sleep(0.05)
        else:
            return handle


async def _serve(home: PlatformPaths, sockets: Path, lock: int, parent: Process | None) -> None:
    if left := kill_left_over(home.processes):
        logging.warning("killed %d service processes that outlived the previous daemon", left)
    _empty(sockets)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, OPEN_FILES), most))
    token = secrets.token_urlsafe(32)
    supervisor = Supervisor(home, sockets, lambda name: choose(name or None))
    control = Control(supervisor, token)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await supervisor.heal()
    runner = web.AppRunner(control.application(), handle_signals=False, access_log=None, shutdown_timeout=2)
    await runner.setup()
    socket = sockets / "control"
    await web.UnixSite(runner, str(socket)).start()
    myself = process(os.getpid())
    assert myself is not None  # noqa: S101  the current process always exists
    write(
        home.daemon,
        Announcement(protocol=PROTOCOL, process=myself, parent=parent, control=socket, token=token),
    )
    await _wait_until_over(
        control, stop, [(home.lock, os.fstat(lock).st_ino), (socket, socket.stat().st_ino)]
    )
    if not control.down.is_set():
        await control.close(forget=False)
    home.daemon.unlink(missing_ok=True)
    await runner.cleanup()
    with contextlib.suppress(OSError):
        remove(sockets)


async def _wait_until_over(control: Control, stop: asyncio.Event, files: list[tuple[Path, int]]) -> None:
    idle_since = time.monotonic()
    while not control.down.is_set() and not stop.is_set():
        if not all(_is(path, inode) for path, inode in files):
            logging.warning("the platform's files were removed: exiting")
            return
        if control.busy:
            idle_since = time.monotonic()
        elif time.monotonic() - idle_since > IDLE_SECONDS:
            return
        await asyncio.sleep(CHECK_SECONDS)


def _is(path: Path, inode: int) -> bool:
    try:
        return path.stat().st_ino == inode
    except OSError:
        return False


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            remove(path)


if __name__ == "__main__":
    sys.exit(main())
