"""Choosing the best sandbox that really works on this machine."""

from __future__ import annotations

import platform
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tools.errors import SandboxUnavailable, ToolError
from tools.sandbox.bubblewrap import Bubblewrap
from tools.sandbox.filesystem import base_python
from tools.sandbox.landlock import Landlock
from tools.sandbox.model import Job, Limits, Sandbox
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
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "User namespaces are switched off"),
    ("/proc/sys/user/max_user_namespaces", "0", "User namespaces are switched off"),
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor restricts user namespaces"),
)


def choose(name: str | None = None) -> Sandbox:
    """Return the named sandbox, or the best one that works here; found out once in a process.

    Raises SandboxUnavailable, saying of each sandbox why it does not work and what would mend it.
    """
    if platform.system() != "Linux":
        raise SandboxUnavailable(
            f"There is no sandbox for {platform.system()}: use Linux, in a virtual machine or a container if need be."
        )
    makers = _makers()
    if name is not None and name not in makers:
        raise SandboxUnavailable(f"There is no sandbox {name!r}; there are {', '.join(makers)}.")
    reasons = []
    for each in [name] if name else [known for known in makers if known != "none"]:
        tried = _tried(each)
        if not isinstance(tried, str):
            return tried
        reasons.append(f"{each}: {tried}")
    raise SandboxUnavailable(" ".join(["No sandbox works here.", *reasons, *_hints()]))


def _makers() -> dict[str, tuple[Callable[[], Sandbox], ...]]:
    """Return the sandboxes from the best on, each in the ways in which it can be had."""
    return {
        "bubblewrap": (Bubblewrap, lambda: Bubblewrap(user_namespace=False)),
        "namespaces": (Namespaces,),
        "landlock": (Landlock,),
        "none": (Unconfined,),
    }


@cache
def _tried(name: str) -> Sandbox | str:
    """Return the sandbox after a trial job in it, or what is wrong with it."""
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
            f"A trial job ended with {done.ending} {done.exit_code}: {done.stdout}{done.stderr}".strip()
        )
    return reasons[0]


def _trial() -> Job:
    """Return a job that tries to read a file of the crew, which no job may see: this one."""
    python = base_python()
    return Job(
        argv=(str(python), "-I", "-S", "-c", _TRIAL, __file__),
        folder=python.parent,
        readable=(python.parent,),
        limits=Limits(wall_seconds=20),
    )


def _hints() -> list[str]:
    """Return what stands in the way of namespaces here, as far as the machine says."""
    hints = [f"{text} ({path}: {found})." for path, bad, text in _OBSTACLES if (found := _read(path)) == bad]
    if any(Path(each).exists() for each in ("/.dockerenv", "/run/.containerenv")):
        hints.append("This is a container: its rules may have to allow namespaces or Landlock.")
    return [*hints, "Installing bubblewrap (Debian, Ubuntu, Fedora: package bubblewrap) helps in most cases."]


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
