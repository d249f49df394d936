"""Saying what a sandbox enforces here, for a person who asks `crew doctor`."""

from __future__ import annotations

from tools.sandbox.cgroups import hierarchies
from tools.sandbox.model import Facts


def describe(name: str, files: str, network: str, end: str, gaps: tuple[str, ...] = ()) -> Facts:
    """Return the facts of a sandbox, given what confines its files and network and what ends its processes."""
    groups = {name: f"cgroup v{each.version}" for each in hierarchies() for name in each.controllers}
    enforced = {
        "files": files,
        "network": network,
        "end of all processes": end,
        "memory": groups.get("memory", "watched, with rlimits"),
        "processes": groups.get("pids", "watched, with rlimits"),
        "time": "watched, with rlimits",
        "kernel": "seccomp, no capabilities, no new privileges",
    }
    return Facts(name=name, enforced=enforced, gaps=gaps)
