"""Selects the best sandbox that works on this machine."""

from __future__ import annotations

import platform
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tools.errors import SandboxUnavailable, ToolError
from tools.sandbox.base import Sandbox
from tools.sandbox.bubblewrap import Bubblewrap
from tools.sandbox.filesystem import base_python
from tools.sandbox.landlock import Landlock
from tools.sandbox.model import Job, Limits
from tools.sandbox.namespaces import Namespaces
from tools.sandbox.none import Unconfined

_TRIAL = """
import sys
try:
    open(sys.argv[1])
except OSError:
    print("confined")
"""

_OBSTACLES = (
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "User namespaces are disabled"),
    ("/proc/sys/user/max_user_namespaces", "0", "User namespaces are disabled"),
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor restricts user namespaces"),
)


def choose(name: str | None = None) -> Sandbox:
    """Return the named sandbox, or the best one that works on this machine; each is tried only once per process.

    Raises SandboxUnavailable with the reasons why the sandboxes do not work, and hints on how to fix that.
    """
    if platform.system() != "Linux":
        raise SandboxUnavailable(
            f"{platform.system()} is not supported: use Linux, in a virtual machine or container if necessary."
        )
    makers = _makers()
    if name is not None and name not in makers:
        raise SandboxUnavailable(f"Unknown sandbox {name!r}; valid: {', '.join(makers)}.")
    reasons = []
    for candidate in [name] if name else [known for known in makers if known != "none"]:
        tried = _try(candidate)
        if not isinstance(tried, str):
            return tried
        reasons.append(f"{candidate}: {tried}")
    raise SandboxUnavailable(" ".join(["No sandbox works here.", *reasons, *_hints()]))


def _makers() -> dict[str, tuple[Callable[[], Sandbox], ...]]:
    """Return the sandboxes by name, best first, each with the factories to try in turn."""
    return {
        "bubblewrap": (Bubblewrap, lambda: Bubblewrap(user_namespace=False)),
        "namespaces": (Namespaces,),
        "landlock": (Landlock,),
        "none": (Unconfined,),
    }


@cache
def _try(name: str) -> Sandbox | str:
    """Return the sandbox if a trial job succeeds in it, otherwise the reason why it failed."""
    reasons: list[str] = []
    for make in _makers()[name]:
        try:
            sandbox = make()
            done = sandbox.run(_trial())
        except ToolError as error:
            reasons.append(str(error))
            continue
        if done.ending == "exited" and done.stdout.strip() == ("confined" if name != "none" else ""):
            return sandbox
        reasons.append(
            f"A trial job failed ({done.ending}, exit code {done.exit_code}): {done.stdout}{done.stderr}".strip()
        )
    return reasons[0]


def _trial() -> Job:
    """Return a job that tries to read this file, which no confined job can see."""
    python = base_python()
    return Job(
        argv=(str(python), "-I", "-S", "-c", _TRIAL, __file__),
        folder=python.parent,
        readable=(python.parent,),
        limits=Limits(wall_seconds=20),
    )


def _hints() -> list[str]:
    """Return hints about what prevents namespaces on this machine, and how to fix that."""
    hints = [f"{text} ({path}: {found})." for path, bad, text in _OBSTACLES if (found := _read(path)) == bad]
    if any(Path(each).exists() for each in ("/.dockerenv", "/run/.containerenv")):
        hints.append("This is a container: its configuration may have to allow namespaces or Landlock.")
    return [*hints, "Installing bubblewrap (Debian, Ubuntu, Fedora: package bubblewrap) helps in most cases."]


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
