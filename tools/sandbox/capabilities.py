"""Saying what a sandbox enforces here, for a person who asks `crew doctor`."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Container

from tools.sandbox.cgroups import hierarchies
from tools.sandbox.model import Facts

_COUNTS_BY_NAMESPACE = (5, 14)
"""Linux version from which on a user's processes are counted in each user namespace for itself."""


def describe(
    name: str, files: str, network: str, end: str, *, own_world: bool = True, gaps: tuple[str, ...] = ()
) -> Facts:
    """Return the facts, given what confines a job's files and network and what ends its processes."""
    groups = {name: f"cgroup v{each.version}" for each in hierarchies() for name in each.controllers}
    forks = {"rlimit": "rlimit", "supervisor": "the supervisor, which is asked about every fork"}
    enforced = {
        "files": files,
        "network": network,
        "end of all processes": end,
        "memory": groups.get("memory", "watched, with rlimits"),
        "processes": groups.get("pids") or forks[process_bound(own_world, ())],
        "time": "watched, with rlimits",
        "kernel": "seccomp, no capabilities, no new privileges",
    }
    return Facts(name=name, enforced=enforced, gaps=gaps)


def process_bound(own_world: bool, cgroup: Container[str]) -> str:
    """Return what can hold a job's number of processes here: "cgroup", "rlimit" or "supervisor".

    An rlimit counts nothing for the machine's root, and all that the user runs where the job has no user
    namespace of its own.
    """
    if "pids" in cgroup:
        return "cgroup"
    version = tuple(map(int, re.findall(r"\d+", platform.release())[:2]))
    return "rlimit" if own_world and os.geteuid() != 0 and version >= _COUNTS_BY_NAMESPACE else "supervisor"
