"""Builds the launcher's input: its code and its parameters."""

from __future__ import annotations

import importlib.util
import marshal
import platform
from dataclasses import dataclass, replace
from functools import cache
from importlib.abc import InspectLoader
from pathlib import Path
from types import CodeType
from typing import IO, Any

from tools.errors import SandboxUnavailable
from tools.sandbox.capabilities import process_bound
from tools.sandbox.cgroups import Group
from tools.sandbox.filesystem import USER, View, base_environment, own_files, search_path
from tools.sandbox.inside import landlock
from tools.sandbox.model import Job
from tools.sandbox.seccomp import Confinement, names_of_brokered, seccomp_filter
from tools.sandbox.syscalls import AUDIT_ARCH, number

BOOT = "import marshal, sys; order = open(int(sys.argv[1]), 'rb'); exec(marshal.load(order))"
"""Python source that the launcher starts with; its argument is the descriptor from which it reads its input."""
_LOADER = """
modules, fields = marshal.load(order)
for name, code in modules:
    sys.modules[name] = module = type(sys)(name)
    package, _, short = name.rpartition(".")
    setattr(sys.modules.setdefault(package, type(sys)(package)), short, module)
    exec(code, module.__dict__)
module.main(fields)
"""
_MODULES = (
    "tools.workspace.removal",
    *(
        f"tools.sandbox.inside.{name}"
        for name in (
            "order",
            "kernel",
            "scratch",
            "watchdog",
            "process_group",
            "forks",
            "landlock",
            "program",
            "mounts",
            "broker",
            "supervise",
            "main",
        )
    ),
)
"""The launcher's modules, in import order."""
_DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"]
"""Devices of the machine that a job may use if it has none of its own."""


@dataclass(frozen=True)
class Plan:
    """A job together with the parameters for confining it."""

    kind: str
    """Name of the sandbox."""
    job: Job
    seen: View
    scratch: Path | None = None
    """Folder that the launcher creates and removes, for a job without namespaces."""
    landlock: int | None = None
    """Version of Landlock to use; None means the newest one that the kernel supports."""

    @property
    def own_world(self) -> bool:
        """Whether the job has its own namespaces."""
        return self.kind in ("bubblewrap", "namespaces")


@dataclass(frozen=True)
class Ends:
    """The launcher's ends of the pipes to this process, and its log."""

    control: int
    status: int
    log: IO[bytes] | None
    """Open file that receives the output; None leaves stdout and stderr unchanged."""


def order(plan: Plan, ends: Ends, group: Group) -> bytes:
    """Return the launcher's input: a marshalled loader, then the modules and the fields of `inside.order.Order`."""
    fields = (
        _job_fields(plan)
        | _confinement_fields(plan, group)
        | {
            "control": ends.control,
            "status": ends.status,
            # A pipe cannot be truncated; its reader limits the size of the log.
            "log": ends.log.fileno() if ends.log and ends.log.seekable() else None,
            "oom_events": group.oom_events,
            "cpu_usage": group.cpu_usage,
        }
    )
    return _loader() + marshal.dumps((_code(), fields))


def _job_fields(plan: Plan) -> dict[str, Any]:
    job, seen, limits = plan.job, plan.seen, plan.job.limits
    own = str(plan.scratch or "/tmp")  # noqa: S108  the job's own /tmp
    environment = {"PATH": search_path(), "HOME": own, "TMPDIR": own, "LANG": "C.UTF-8"}
    return {
        "kind": plan.kind,
        "argv": list(job.argv),
        "folder": str(job.folder),
        "environment": base_environment() | environment | job.environment,
        "network": job.network,
        "user": USER,
        "mounts": seen.mounts,
        "hidden": seen.hidden,
        "listable": [str(path) for path in seen.listable],
        "links": [(str(path), target) for path, target in seen.links],
        "files": own_files(job.network),
        "devices": _DEVICES,
        "scratch": str(plan.scratch or ""),
        "scratch_bytes": limits.scratch_mb << 20,
        "process_limit": limits.processes,
        "cpu_seconds": limits.cpu_seconds,
        "wall_seconds": limits.wall_seconds,
        "file_bytes": limits.file_mb << 20,
        "log_bytes": limits.file_mb << 20,
    }


def _confinement_fields(plan: Plan, group: Group) -> dict[str, Any]:
    machine = platform.machine()
    if machine not in AUDIT_ARCH:
        known = " and ".join(AUDIT_ARCH)
        raise SandboxUnavailable(
            f"{machine} machines are not supported: system call filters exist only for {known}."
        )
    version = plan.landlock if plan.landlock is not None else landlock.version()
    bound = process_bound(plan.own_world, group.bounds)
    confinement = Confinement(
        network=plan.job.network,
        own_world=plan.own_world,
        memory_counted="memory" in group.bounds,
        forks_counted=bound != "supervisor",
        landlock=version,
    )
    brokered = names_of_brokered(confinement) if plan.kind != "none" else ()
    return {
        "landlock": 0 if plan.kind == "none" else version,
        "memory_bytes": None if confinement.memory_counted else plan.job.limits.memory_mb << 20,
        "process_bound": bound,
        "seccomp": seccomp_filter(machine, confinement),
        "seccomp_brokered": seccomp_filter(machine, replace(confinement, broker=True)) if brokered else b"",
        "brokered": {number(name, machine): name for name in brokered},
        **{f"{name}_call": number(name, machine) for name in ("capset", "pivot_root", "seccomp")},
    }


@cache
def _loader() -> bytes:
    return marshal.dumps(compile(_LOADER, "<launcher>", "exec"))


@cache
def _code() -> list[tuple[str, CodeType]]:
    return [(name, _compiled(name)) for name in _MODULES]


def _compiled(name: str) -> CodeType:
    spec = importlib.util.find_spec(name)
    code = spec.loader.get_code(name) if spec and isinstance(spec.loader, InspectLoader) else None
    if code is None:
        raise SandboxUnavailable(f"The launcher's module {name} is missing: reinstall the crew.")
    return code
