"""Checks that the crew can run on this machine, with explanations for a person."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from pathlib import Path

from pydantic import BaseModel

from tools.errors import PlatformError, RepositoryError, SandboxUnavailable
from tools.git.command import execute, plain_environment, require_version
from tools.runtimes.local.paths import runtime_folder
from tools.sandbox import choose

OLDEST_PYTHON = (3, 11)
DISK_BYTES = 2 * 10**9
"""Required free disk space: enough for the environments, repositories and records of a few services."""
SANDBOXES = ("bubblewrap", "namespaces", "landlock")
"""Names of the sandboxes, in order of preference."""


class Check(BaseModel, frozen=True):
    """The result of checking something that the crew requires or can make use of."""

    name: str
    ok: bool
    """False only if the crew cannot run without it."""
    detail: str
    """What was found, or the substitute used for something missing."""
    fix: str = ""
    """How to fix the problem or, if ok, to improve the setup; "" if there is nothing to do."""


def check_machine(home: Path | None = None) -> tuple[Check, ...]:
    """Run all checks, which takes about a second and leaves no files behind.

    `home` is the folder in which the crew would store its data.
    """
    return (_python(), _git(), _uv(), *_sandbox(), _policy(), _sockets(), _disk(home or Path()))


def _python() -> Check:
    found = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    ok = sys.version_info >= OLDEST_PYTHON
    return Check(name="python", ok=ok, detail=found, fix="" if ok else "Install Python 3.11 or newer.")


def _git() -> Check:
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            printed = execute(("version",), plain_environment(folder), folder).stdout.decode()
        require_version(printed)
    except RepositoryError as error:
        return Check(name="git", ok=False, detail=str(error), fix="Install git 2.38 or newer.")
    return Check(name="git", ok=True, detail=f"{printed.strip()} at {shutil.which('git')}")


def _uv() -> Check:
    try:
        from uv import find_uv_bin  # noqa: PLC0415  a missing uv is reported, not raised

        return Check(name="uv", ok=True, detail=find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        detail = f"uv, which builds the services' environments, is missing: {error}"
        return Check(name="uv", ok=False, detail=detail, fix="Run `make setup` again.")


def _sandbox() -> list[Check]:
    """Return checks of the best available sandbox, with the reasons against better ones, and of its resource limits."""
    better: list[str] = []
    for name in SANDBOXES:
        try:
            facts = choose(name).describe()
        except SandboxUnavailable as error:
            better.append(str(error))
            continue
        detail = f"{name} ({', '.join(f'{what}: {how}' for what, how in facts.enforced.items())})"
        fix = " ".join([*better, *facts.gaps])
        return [Check(name="sandbox", ok=True, detail=detail, fix=fix), _cgroups(facts.enforced)]
    fix = "Install bubblewrap (Debian, Ubuntu, Fedora: package bubblewrap), and run on Linux."
    return [Check(name="sandbox", ok=False, detail=" ".join(better), fix=fix)]


def _cgroups(enforced: dict[str, str]) -> Check:
    wanted = ("memory", "processes", "CPU time")
    lacking = [what for what in wanted if not enforced.get(what, "").startswith("cgroup")]
    if not lacking:
        return Check(
            name="cgroups", ok=True, detail="memory, processes and CPU time are counted by the kernel"
        )
    detail = f"not writable here for {', '.join(lacking)}: polled and limited with rlimits instead"
    fix = "Run in a session to which systemd delegates cgroups, for limits that cannot be exceeded even briefly."
    return Check(name="cgroups", ok=True, detail=detail, fix=fix)


def _policy() -> Check:
    program = shutil.which("opa")
    if program is not None:
        return Check(name="policy", ok=True, detail=f"opa at {program}")
    detail = "opa is not on PATH: policies are evaluated in the crew's process, by regopy"
    return Check(name="policy", ok=True, detail=detail, fix="Install opa for the reference engine.")


def _sockets() -> Check:
    try:
        folder = runtime_folder(Path("/nobody's home"))
    except PlatformError as error:
        return Check(name="sockets", ok=False, detail=str(error), fix="Ask for that folder to be removed.")
    folder.rmdir()
    return Check(name="sockets", ok=True, detail=str(folder.parent))


def _disk(home: Path) -> Check:
    there = next(path for path in (home.resolve(), *home.resolve().parents) if path.is_dir())
    room = {path: shutil.disk_usage(path).free for path in (there, Path(tempfile.gettempdir()))}
    detail = ", ".join(f"{free / 10**9:.1f} GB free at {path}" for path, free in room.items())
    ok = min(room.values()) >= DISK_BYTES
    return Check(name="disk", ok=ok, detail=detail, fix="" if ok else f"Free up {DISK_BYTES // 10**9} GB.")
