"""Choosing the best sandbox that really works on this machine."""

from __future__ import annotations

import platform
from collections.abc import Callable
from functools import cache

from tools.errors import SandboxUnavailable, ToolError
from tools.sandbox.bubblewrap import Bubblewrap
from tools.sandbox.landlock import Landlock
from tools.sandbox.model import Job, Limits, Sandbox
from tools.sandbox.namespaces import Namespaces
from tools.sandbox.none import Unconfined
from tools.sandbox.view import base_python

_TRIAL = """
import sys
try:
    open(sys.argv[1])
except OSError:
    print("confined")
"""


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
    raise SandboxUnavailable("No sandbox works on this machine. " + " ".join(reasons))


def _makers() -> dict[str, Callable[[], Sandbox]]:
    return {"bubblewrap": Bubblewrap, "namespaces": Namespaces, "landlock": Landlock, "none": Unconfined}


@cache
def _tried(name: str) -> Sandbox | str:
    """Return the sandbox after a trial job in it, or what is wrong with it."""
    python = base_python()
    job = Job(
        # No job may see a file of the crew, such as this one.
        argv=(str(python), "-I", "-S", "-c", _TRIAL, __file__),
        folder=python.parent,
        readable=(python.parent,),
        limits=Limits(wall_seconds=20),
    )
    try:
        sandbox = _makers()[name]()
        done = sandbox.run(job)
    except ToolError as error:
        return str(error)
    if done.ending != "exited" or done.stdout.strip() != ("confined" if name != "none" else ""):
        return f"a trial job ended with {done.ending} {done.exit_code}: {done.stdout}{done.stderr}".strip()
    return sandbox
