"""Facts about this machine, for a person who wants to know why the crew does or does not run on it."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tools.errors import PlatformError, RepositoryError, SandboxUnavailable
from tools.git.command import execute, plain_environment, require_version
from tools.runtimes.local.paths import runtime_folder
from tools.sandbox import choose

OLDEST_PYTHON = (3, 11)
DISK_BYTES = 2 * 10**9
"""Room for a few services' environments, their repositories and what the crew keeps."""
SANDBOXES = ("bubblewrap", "namespaces", "landlock")
"""From the best on; each confines a job."""


class Check(BaseModel):
    """One thing that the crew needs, or is better off with."""

    model_config = ConfigDict(frozen=True)

    name: str
    ok: bool
    """False only for what the crew cannot run without."""
    detail: str
    """What was found, and what is done without what was not."""
    mend: str = ""
    """What to do about it; of something that is ok, what would be better still. "" if there is nothing."""


def check_machine(home: Path | None = None) -> tuple[Check, ...]:
    """Look at everything, which takes about a second; `home` is where the crew would keep its things.

    Leaves nothing behind.
    """
    return (_python(), _git(), _uv(), *_sandbox(), _policy(), _sockets(), _disk(home or Path()))


def _python() -> Check:
    found = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    ok = sys.version_info >= OLDEST_PYTHON
    return Check(name="python", ok=ok, detail=found, mend="" if ok else "Install Python 3.11 or newer.")


def _git() -> Check:
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            printed = execute(("version",), plain_environment(folder), folder).stdout.decode()
        require_version(printed)
    except RepositoryError as error:
        return Check(name="git", ok=False, detail=str(error), mend="Install git 2.38 or newer.")
    return Check(name="git", ok=True, detail=f"{printed.strip()} at {shutil.which('git')}")


def _uv() -> Check:
    try:
        from uv import find_uv_bin  # noqa: PLC0415  a crew without it is still to say so

        return Check(name="uv", ok=True, detail=find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        detail = f"uv is not there, which makes the services' environments: {error}"
        return Check(name="uv", ok=False, detail=detail, mend="Run `make setup` again.")


def _sandbox() -> list[Check]:
    """Return what is chosen, why what is better is not, and how memory and processes are bounded."""
    better: list[str] = []
    for name in SANDBOXES:
        try:
            facts = choose(name).describe()
        except SandboxUnavailable as error:
            better.append(str(error))
            continue
        detail = f"{name} ({', '.join(f'{what}: {how}' for what, how in facts.enforced.items())})"
        mend = " ".join([*better, *facts.gaps])
        return [Check(name="sandbox", ok=True, detail=detail, mend=mend), _cgroups(facts.enforced)]
    mend = "Install bubblewrap (Debian, Ubuntu, Fedora: package bubblewrap), and run on Linux."
    return [Check(name="sandbox", ok=False, detail=" ".join(better), mend=mend)]


def _cgroups(enforced: dict[str, str]) -> Check:
    lacking = [what for what in ("memory", "processes") if not enforced.get(what, "").startswith("cgroup")]
    if not lacking:
        return Check(name="cgroups", ok=True, detail="memory and processes are bounded by the kernel")
    detail = f"not writable here for {' and '.join(lacking)}: watched and bounded with rlimits instead"
    mend = (
        "Run in a session that systemd delegates cgroups to, for bounds that cannot be overrun for a moment."
    )
    return Check(name="cgroups", ok=True, detail=detail, mend=mend)


def _policy() -> Check:
    program = shutil.which("opa")
    if program is not None:
        return Check(name="policy", ok=True, detail=f"opa at {program}")
    detail = "opa is not on PATH: policies are asked within the crew's process, by regopy"
    return Check(name="policy", ok=True, detail=detail, mend="Install opa for the reference engine.")


def _sockets() -> Check:
    try:
        folder = runtime_folder(Path("/nobody's home"))
    except PlatformError as error:
        return Check(name="sockets", ok=False, detail=str(error), mend="Have that folder removed.")
    folder.rmdir()
    return Check(name="sockets", ok=True, detail=str(folder.parent))


def _disk(home: Path) -> Check:
    there = next(path for path in (home.resolve(), *home.resolve().parents) if path.is_dir())
    room = {path: shutil.disk_usage(path).free for path in (there, Path(tempfile.gettempdir()))}
    detail = ", ".join(f"{free / 10**9:.1f} GB free at {path}" for path, free in room.items())
    ok = min(room.values()) >= DISK_BYTES
    return Check(name="disk", ok=ok, detail=detail, mend="" if ok else f"Make {DISK_BYTES // 10**9} GB free.")
