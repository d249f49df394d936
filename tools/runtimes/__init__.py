"""Runtimes, which run delivered versions of services and route traffic to them.

In each environment, a single version of a service receives all traffic. `tools.runtimes.open` selects a runtime by URL;
`tools.runtimes.local` is the runtime that needs nothing but this machine.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, SecretStr, SerializationInfo, StringConstraints, field_serializer

from tools.sandbox import Limits

Environment = Literal["production", "staging"]

ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
VersionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
HealthPath = Annotated[str, StringConstraints(pattern=r"^/[!-~]{0,200}$")]

SERVICE_LIMITS = Limits(wall_seconds=None, cpu_seconds=10**8)
"""A service runs until it is stopped, so its CPU time is practically unlimited: 10^8 s are about three years."""


class Listen(BaseModel, frozen=True, extra="forbid"):
    """The address on which a version accepts requests, passed to it in an environment variable and its command."""

    kind: Literal["socket", "port"] = "socket"
    """Kind of address: "socket" means the unix socket `SOCKET`, "port" the TCP port `PORT` on 127.0.0.1. The values of
    these variables replace `{socket}` and `{port}` in the start command."""
    port: int | None = None
    """A fixed port that the service requires; None selects a free one."""


class Version(BaseModel, frozen=True, extra="forbid"):
    """A version of a service and how to run it, independent of the runtime."""

    service: ServiceName
    environment: Environment = "production"
    version: VersionName
    """Id of the version's git tree or commit, or any other name."""
    serve: tuple[str, ...]
    """Command line of the server, which runs in the folder of the version's code until it receives SIGTERM."""
    migrate: tuple[str, ...] = ()
    """Command line that migrates the version's data, run to completion once before the first start."""
    variables: dict[str, str] = {}
    """Environment variables that are not secret. `{data}` is replaced by the path of the folder that the service may
    write to, which successive versions share."""
    secrets: dict[str, SecretStr] = {}
    """Secret environment variables: kept in a file of mode 0600 and redacted from logs. Dumping a version hides
    them, except with the context `{"secrets": "shown"}`."""
    listen: Listen = Listen()
    health: tuple[HealthPath, ...] = ("/readyz",)
    """Paths that must all return a 2xx status before the version counts as ready."""
    ready_seconds: float = 30
    """How long the version may take to become ready, excluding its migration."""
    migrate_seconds: float = 120
    drain_seconds: float = 20
    """How long requests in flight may take to finish after another version has taken over the traffic."""
    stop_seconds: float = 10
    """How long the version may take to exit after SIGTERM."""
    limits: Limits = SERVICE_LIMITS

    @field_serializer("secrets")
    def _hide(self, secrets: dict[str, SecretStr], info: SerializationInfo) -> dict[str, str]:
        shown = info.context is not None and info.context.get("secrets") == "shown"
        return {name: value.get_secret_value() if shown else "***" for name, value in secrets.items()}

    @property
    def key(self) -> str:
        """Key of the service and environment, where one version runs at a time, such as "checkout/production"."""
        return f"{self.service}/{self.environment}"


class Build(BaseModel, frozen=True):
    """The files of a version, on the machine that built it."""

    code: Path
    dependencies: Path
    """The interpreter environment that the command lines of the version refer to."""


class Release(BaseModel, frozen=True):
    """The result of starting a version."""

    ready: bool
    """Whether the requested version receives the traffic."""
    url: str
    """Base URL of the service, or "" if no version receives its traffic."""
    version: str
    """The version that now receives the traffic: the requested one, the previous one, or "" for none."""
    switched: bool
    """Whether this start switched the traffic to the requested version."""
    detail: str
    """Human-readable description of the result; for a failure, the reason and the last lines of the version's log."""


State = Literal["starting", "running", "restarting", "crashing"]
"""State of a service: "restarting" means that it has exited once or twice and is being restarted, "crashing" that it
keeps exiting and is restarted with growing delays."""


class ServiceStatus(BaseModel, frozen=True):
    """The status of a service that is meant to run."""

    name: str
    environment: Environment
    url: str
    version: str
    state: State
    restarts: int
    """Number of restarts since the version was delivered or the platform was last started."""
    since: datetime
    """When the service entered this state."""
    detail: str = ""
    """For a state other than "running", the reason and the last lines of the service's log."""


class Ended(BaseModel, frozen=True):
    """A service that has been stopped."""

    name: str
    environment: Environment
    version: str


class Runtime(Protocol):
    """The interface of a platform that runs services; methods raise PlatformError if it does not respond."""

    def start(self, version: Version, build: Build) -> Release:
        """Start a version and switch all traffic to it; returns once that is done or the version fails to become ready.

        No requests are dropped during the switch. If the version does not become ready, the previous one keeps
        running. Starting a version that is already serving changes nothing.
        """

    def status(self) -> list[ServiceStatus]:
        """Return all services that are meant to run, sorted by name and environment."""

    def stop(self, service: str, environment: Environment) -> Ended | None:
        """Stop a service permanently; returns None if it was not running."""

    def down(self) -> list[Ended]:
        """Stop all services and the runtime itself; returns the services that were stopped."""
