"""Installation of pinned requirements into environments that are cached and shared by digest.

Only pinned wheels are installed, so no code of a package runs while the network is available.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import BaseModel, TypeAdapter

from tools.environments.licences import Package, packages
from tools.environments.pinned import require_pins, require_releases
from tools.errors import (
    EnvironmentFailed,
    IndexUnreachable,
    PackageNotFound,
    RequirementRefused,
    WheelMissing,
)
from tools.sandbox import Completed, Job, Limits, Sandbox
from tools.sandbox.filesystem import base_python
from tools.workspace.removal import remove
from tools.workspace.temporary import temporary_folder

_RECORD = "packages.json"
_LIMITS = Limits(wall_seconds=900, file_mb=4096, memory_mb=2048, processes=256)
_INDEX_VARIABLES = re.compile(
    r"UV_(INDEX\w*|DEFAULT_INDEX|EXTRA_INDEX_URL|HTTP_\w+|REQUEST_TIMEOUT|NATIVE_TLS|SYSTEM_CERTS|INSECURE_HOST"
    r"|OFFLINE|EXCLUDE_NEWER)|(HTTPS?|ALL|NO)_PROXY|(https?|all|no)_proxy"
)
_ADDRESS = re.compile(r"\S*://[^\s`'\")]*")
"""Pattern for URLs; the URL of a mirror may contain a password and must not appear in a result."""
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_FROM_PIP: Final = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX"}
"""Variables of pip, which users of a mirror may have set, and their equivalents in uv, which ignores those of pip."""

_NETWORK = "Check the network, or set UV_DEFAULT_INDEX to a mirror that answers."
_FAILURES: Final = (
    (
        "no usable wheels",
        WheelMissing,
        "It exists only as source, which would have to be run: pin another release.",
    ),
    (
        "no wheels with a matching",
        WheelMissing,
        "It has no wheel for this machine's Python: pin another release.",
    ),
    ("was not found in the package registry", PackageNotFound, "Correct its name in the requirements."),
    ("there is no version of", PackageNotFound, "Pin a version that exists."),
    ("error sending request", IndexUnreachable, _NETWORK),
    ("Failed to fetch", IndexUnreachable, _NETWORK),
    (
        "network was disabled",
        IndexUnreachable,
        "UV_OFFLINE is set, and the cache lacks the package: unset it.",
    ),
)
"""For each known failure, an excerpt of uv's message, the error to raise and the fix. The first match applies."""


class Environment(BaseModel, frozen=True):
    """An installed environment, shared read-only by jobs."""

    folder: Path
    """Folder of the environment, which jobs must be able to read."""
    python: Path
    """Its interpreter, a link to the base interpreter, which is visible in every sandbox."""
    digest: str
    """Digest of the requirements, the Python version and the platform: "sha256:..."."""
    packages: tuple[Package, ...]


def install(sandbox: Sandbox, requirements: str, cache: Path) -> Environment:
    """Return the environment for these pins, building it in the sandbox if it does not exist.

    Concurrent calls are serialized by a file lock. Raises RequirementRefused, IndexUnreachable, PackageNotFound,
    WheelMissing or, for any other failure, their base class EnvironmentFailed.
    """
    pins = require_pins(requirements)
    found = find(pins, cache)
    if found:
        return found
    place = _place(pins, cache)
    place.parent.mkdir(parents=True, exist_ok=True)
    with _locked(place):
        found = find(pins, cache)
        if found:
            return found
        for left in place.parent.glob(f"{place.name}.building-*"):
            remove(left)
        building = Path(tempfile.mkdtemp(prefix=f"{place.name}.building-", dir=place.parent))
        try:
            _build(sandbox, pins, building, cache)
            building.rename(place)
        finally:
            remove(building)
    made = find(pins, cache)
    if made is None:
        raise EnvironmentFailed(f"{place} was removed while it was being built: install again.")
    return made


def find(requirements: str, cache: Path) -> Environment | None:
    """Return the environment for these pins, or None if it has not been built or a line is not a pin."""
    try:
        pins = require_pins(requirements)
    except RequirementRefused:
        return None
    place = _place(pins, cache)
    try:
        record = (place / _RECORD).read_bytes()
    except FileNotFoundError:
        return None
    listed = TypeAdapter(tuple[Package, ...]).validate_json(record)
    return Environment(folder=place, python=place / "bin" / "python", digest=_digest(pins), packages=listed)


def resolve(
    sandbox: Sandbox,
    wanted: Iterable[str],
    cache: Path,
    scratch: Path,
    *,
    constraints: Iterable[str] = (),
    kept: str = "",
) -> str:
    """Resolve requirements to pins, one per line.

    Only metadata is fetched; nothing is built or run, and uv reads only files that are written here. Pins in `kept` are
    preferred if they are still compatible. Raises RequirementRefused, IndexUnreachable, PackageNotFound, WheelMissing
    or, for other failures, their base class EnvironmentFailed.
    """
    texts = {
        "wanted.in": require_releases(wanted),
        "constraints.txt": require_releases(constraints),
        "pins.txt": require_pins(kept),
    }
    scratch.mkdir(parents=True, exist_ok=True)
    with temporary_folder(scratch, "resolving-") as folder:
        for file, text in texts.items():
            (folder / file).write_text(text)
        options = ("--no-build", "--no-header", "--no-annotate", "--no-emit-index-url")
        files = ("--constraints", "constraints.txt", "--output-file", "pins.txt", "wanted.in")
        argv = ("pip", "compile", *options, "--python", str(base_python()), *files)
        _run_uv(sandbox, folder, cache, *argv, network=True)
        return require_pins((folder / "pins.txt").read_text())


def _build(sandbox: Sandbox, pins: str, folder: Path, cache: Path) -> None:
    file = folder / "requirements.txt"
    file.write_text(pins)
    inner = ("--python", str(folder / "bin" / "python"))
    uv = partial(_run_uv, sandbox, folder, cache)
    base = str(base_python())
    uv("venv", "--relocatable", "--no-project", "--allow-existing", "--python", base, ".")
    uv("pip", "install", "--no-build", "--no-deps", *inner, "-r", str(file), network=True)
    # No network from here on: inspecting an environment may run code of a package (in `.pth` files).
    uv("pip", "check", *inner)
    site = next(folder.glob("lib/python*/site-packages"))
    # Modules are compiled now because jobs cannot write here, and by the base interpreter so that no code of a
    # package runs.
    compiling = (base, "-I", "-S", "-m", "compileall", "-q", str(site))
    if sandbox.run(_job(folder, cache, (*compiling, "-j0"))).exit_code:
        # Not every sandbox has the shared memory that parallel compilation needs.
        sandbox.run(_job(folder, cache, compiling))
    record = TypeAdapter(tuple[Package, ...]).dump_json(packages(site), indent=1)
    (folder / _RECORD).write_bytes(record)


def _run_uv(sandbox: Sandbox, folder: Path, cache: Path, *argv: str, network: bool = False) -> None:
    """Run the uv installed with the crew in the sandbox. Raises EnvironmentFailed if it fails."""
    program = (str(_uv()), "--no-config", "--quiet")
    _check(sandbox.run(_job(folder, cache, (*program, *argv), network)))


def _job(folder: Path, cache: Path, argv: tuple[str, ...], network: bool = False) -> Job:
    uv_cache = cache.resolve() / "uv"
    uv_cache.mkdir(parents=True, exist_ok=True)
    settings = {"UV_CACHE_DIR": str(uv_cache), "UV_LINK_MODE": "copy", "UV_PYTHON_DOWNLOADS": "never"}
    index, certificates = _index_settings() if network else ({"UV_OFFLINE": "1"}, ())
    return Job(
        argv=argv,
        folder=folder,
        readable=(_uv(), *certificates),
        writable=(folder, uv_cache),
        environment=settings | index,
        network=network,
        limits=_LIMITS,
    )


def _check(completed: Completed) -> None:
    if completed.ending == "exited" and completed.exit_code == 0:
        return
    said = _ADDRESS.sub("the index", " ".join(f"{completed.stderr}\n{completed.stdout}".split()))
    what = f"uv failed ({completed.ending}, exit code {completed.exit_code}): {said[-1500:]}"
    for words, error, fix in _FAILURES:
        if words in said:
            raise error(f"The environment could not be installed. {fix} {what}")
    raise EnvironmentFailed(f"The environment could not be installed. {what}")


def _index_settings() -> tuple[dict[str, str], tuple[Path, ...]]:
    """Return the environment variables that configure the package index, and the certificate files they refer to."""
    settings = {ours: os.environ[theirs] for theirs, ours in _FROM_PIP.items() if theirs in os.environ}
    settings |= {name: value for name, value in os.environ.items() if _INDEX_VARIABLES.fullmatch(name)}
    files = {
        name: Path(os.environ[name]).resolve() for name in _CERTIFICATE_VARIABLES if os.environ.get(name)
    }
    files = {name: path for name, path in files.items() if path.exists()}
    return settings | {name: str(path) for name, path in files.items()}, tuple(files.values())


def _uv() -> Path:
    """Return the path of the uv installed with the crew: a single file, so that sandboxes see nothing else."""
    from uv import find_uv_bin  # noqa: PLC0415  finding an installed environment does not need it

    return Path(find_uv_bin()).resolve()


def _place(pins: str, cache: Path) -> Path:
    return cache.resolve() / "environments" / _digest(pins).removeprefix("sha256:")[:32]


def _digest(pins: str) -> str:
    base = str(base_python())
    libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else ""
    # The interpreter is included twice, as in earlier releases: changing the digest would rebuild every environment.
    parts = "\0".join((pins, sys.version, base, base, platform.machine(), libc or ""))
    return f"sha256:{hashlib.sha256(parts.encode()).hexdigest()}"


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold the file lock of an environment; the kernel releases it if the process is killed."""
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
