"""Reports what a sandbox enforces on this machine, for `crew doctor`."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Container

from tools.sandbox.cgroups import hierarchies
from tools.sandbox.inside.watchdog import CALM_SECONDS
from tools.sandbox.model import Facts

_COUNTS_BY_NAMESPACE = (5, 14)
"""First Linux version whose process rlimit counts a user's processes separately in each user namespace."""


def describe(
    name: str, files: str, network: str, end: str, *, own_world: bool = True, gaps: tuple[str, ...] = ()
) -> Facts:
    """Return the facts about a sandbox, given what confines files and network and what ends all processes."""
    groups = {name: f"cgroup v{each.version}" for each in hierarchies() for name in each.controllers}
    counting = [f"cgroup v{each.version}" for each in hierarchies() if each.cpu_usage]
    forks = {"rlimit": "rlimit", "supervisor": "the supervisor, which approves every fork"}
    enforced = {
        "files": files,
        "network": network,
        "end of all processes": end,
        "memory": groups.get("memory", "watched, with rlimits"),
        "processes": groups.get("pids") or forks[process_bound(own_world, ())],
        "CPU time": counting[0] if counting else f"polled every {CALM_SECONDS} s, with rlimits",
        "time": "watched",
        "kernel": "seccomp, no capabilities, no new privileges",
    }
    return Facts(name=name, enforced=enforced, gaps=gaps)


def process_bound(own_world: bool, cgroup: Container[str]) -> str:
    """Return what limits the number of a job's processes on this machine: "cgroup", "rlimit" or "supervisor".

    An rlimit does not apply to the host's root user, and unless the job has its own user namespace, it counts all
    processes of the user.
    """
    if "pids" in cgroup:
        return "cgroup"
    version = tuple(map(int, re.findall(r"\d+", platform.release())[:2]))
    return "rlimit" if own_world and os.geteuid() != 0 and version >= _COUNTS_BY_NAMESPACE else "supervisor"
