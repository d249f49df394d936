"""A sandbox based on bubblewrap (`bwrap`), which sets up the namespaces and mounts."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tools.errors import SandboxUnavailable
from tools.sandbox.filesystem import USER, View, own_files
from tools.sandbox.launcher import Wrapping
from tools.sandbox.launcher_payload import Plan
from tools.sandbox.namespaces import Namespaces

_NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")
_CONFINEMENT = ("--hostname", "sandbox", "--new-session", "--as-pid-1", "--cap-drop", "ALL", "--clearenv")


class Bubblewrap(Namespaces):
    """A sandbox that confines a job in namespaces set up by bwrap instead of the launcher."""

    name = "bubblewrap"

    def __init__(self, user_namespace: bool = True) -> None:
        """Locate bwrap; raises SandboxUnavailable if it is missing. Only root can go without a user namespace."""
        program = shutil.which("bwrap")
        if program is None:
            raise SandboxUnavailable("bwrap is not installed: install the package `bubblewrap`.")
        self._program = program
        self._user_namespace = user_namespace

    def wrapping(self, plan: Plan) -> Wrapping:
        """Return the bwrap command line that sets up the sandbox and starts the launcher."""
        job = plan.job
        namespaces = [] if job.network else ["--unshare-net"]
        if self._user_namespace:
            namespaces += ["--unshare-user", "--uid", str(USER), "--gid", str(USER)]
        files = {path: _content(text) for path, text in own_files(job.network).items()}
        mounts = _mounts(plan.seen, files, job.limits.scratch_mb << 20)
        argv = (self._program, *_NAMESPACES, *namespaces, *_CONFINEMENT, *mounts)
        return Wrapping(argv, "--info-fd", tuple(files.values()))


def _content(text: str) -> int:
    """Return a file descriptor from which the text can be read."""
    handle = os.memfd_create("sandbox")
    os.write(handle, text.encode())
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def _mounts(seen: View, files: dict[str, int], scratch_bytes: int) -> list[str]:
    """Return bwrap's command-line options for the mounts and files.

    /proc is remounted read-only because bwrap leaves /proc/sys writable for the host's root, even in a user namespace.
    """
    size = ["--size", str(scratch_bytes)]
    words = ["--proc", "/proc", "--dev", "/dev", *size, "--tmpfs", "/dev/shm"]  # noqa: S108
    words += ["--remount-ro", "/dev", *size, "--tmpfs", "/tmp"]  # noqa: S108  the job's own
    words += ["--perms", "0755", "--dir", "/etc"]
    for link, target in seen.links:
        words += ["--symlink", target, str(link)]
    for path, content in files.items():
        words += ["--ro-bind-data", str(content), path]
    for source, path, writable in seen.mounts:
        words += ["--bind" if writable else "--ro-bind", source, path]
    for path in seen.hidden:
        is_file = Path(path).is_file()
        words += ["--ro-bind", "/dev/null", path] if is_file else ["--tmpfs", path, "--remount-ro", path]
    return [*words, "--remount-ro", "/proc", "--remount-ro", "/", "--chdir", "/"]
