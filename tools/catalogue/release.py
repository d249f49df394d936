"""The tool that deploys a version of the service."""

from __future__ import annotations

import contextlib
import json
import os
import secrets as random
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr

from tools.errors import RepositoryError
from tools.git import export
from tools.projects.dependencies import SERVICE, environment_of
from tools.projects.trees import repository
from tools.result import Fact, Tool, ToolResult, Workbench, failure, success
from tools.runtimes import Build, Version
from tools.stacks.registry import stack_named

JWT_SECRET = "AUTH_JWT_SECRET"  # noqa: S105  the name of a variable


class StartService(BaseModel, extra="forbid"):
    """Start a merged version, and route all traffic to it once it is ready."""

    version: str = Field(description="Commit of the main branch.")
    environment: Literal["production", "staging"] = "production"


def start_service(bench: Workbench, arguments: StartService) -> ToolResult:
    """Start the version; return its URL, or the reason why the previous version keeps the traffic."""
    prepared = _prepare(bench, arguments)
    if prepared is None:
        return failure("not_installed", f"The dependencies of {arguments.version[:12]} are not installed.")
    release = bench.runtime.start(*prepared)
    if not release.ready:
        return failure("not_ready", release.detail, url=release.url)
    said = f"{bench.service} {arguments.version[:12]} is serving at {release.url}."
    return success(said, url=release.url, version=release.version)


def is_merged(bench: Workbench, version: str) -> bool:
    """Return whether a version is a commit on the main branch."""
    held = repository(bench)
    base = held.base_commit()
    try:
        return version == base or held.is_ancestor(version, base)
    except RepositoryError:
        return False  # not a commit


def service_secrets(home: Path, service: str) -> dict[str, str]:
    """Return the secrets of a service by environment name.

    They come from the crew's environment; a missing one is generated once and stored in `<home>/secrets`, where
    only its owner can read it.
    """
    if given := os.environ.get(JWT_SECRET):
        return {JWT_SECRET: given}
    path = home / "secrets" / f"{service}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(f".{os.getpid()}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump({JWT_SECRET: random.token_urlsafe(48)}, file)
        # If two processes generate a secret at the same time, the first one wins.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return {str(name): str(value) for name, value in json.loads(path.read_text()).items()}


def _prepare(bench: Workbench, arguments: StartService) -> tuple[Version, Build] | None:
    """Check out the version and return it with its build; None if its dependencies are not installed."""
    folder = bench.home / "releases" / bench.service / arguments.version
    if not folder.exists():
        # The files are those that were tested, byte for byte. They are written to a temporary folder, which is then
        # renamed, since another delivery may be starting the same version.
        fresh = folder.with_name(f"{folder.name}.{bench.delivery}")
        export(repository(bench), arguments.version, fresh)
        fresh.rename(folder)
    installed = environment_of(bench, folder, SERVICE)
    if installed is None:
        return None
    stack = stack_named(bench.stack)
    version = Version(
        service=bench.service,
        environment=arguments.environment,
        version=arguments.version,
        serve=stack.serve(installed.python),
        migrate=stack.migrate(installed.python),
        variables={"DATABASE_URL": "sqlite:///{data}/service.db", "ENVIRONMENT": arguments.environment},
        secrets={name: SecretStr(value) for name, value in bench.secrets.items()},
    )
    return version, Build(code=folder, dependencies=installed.folder)


_MERGED = Fact(
    "merged",
    "boolean",
    lambda sources, arguments: is_merged(sources.bench, arguments.version),
    enables="starts",
)

TOOLS = (
    # If the version is already serving, starting it again changes nothing.
    Tool("start_service", "production", StartService, start_service, roles=("deployment",), facts=(_MERGED,)),
)
