"""Where delivered versions of services run, and how traffic is routed to them.

One version of a service takes all traffic of its environment. `tools.runtimes.open` chooses a runtime by URL;
`tools.runtimes.local` is the one that needs only this machine.
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
"""A service runs until it is stopped, so its processor time adds up without end: 10^8 s are three years."""


class Listen(BaseModel, frozen=True, extra="forbid"):
    """Where a version accepts requests, passed to it in an environment variable and in its start command."""

    kind: Literal["socket", "port"] = "socket"
    """"socket" is the unix socket `SOCKET`, "port" the TCP port `PORT` on 127.0.0.1; `{socket}` and `{port}`
    in the start command are replaced by the same value."""
    port: int | None = None
    """A fixed port that the service requires; None selects a free one."""


class Version(BaseModel, frozen=True, extra="forbid"):
    """A version of a service, and how every runtime has to run it."""

    service: ServiceName
    environment: Environment = "production"
    version: VersionName
    """Id of the git tree or commit, or a name."""
    serve: tuple[str, ...]
    """The argv of the server, which runs until SIGTERM, in the folder of the version's code."""
    migrate: tuple[str, ...] = ()
    """The argv that migrates its data, run to completion once before the first start."""
    variables: dict[str, str] = {}
    """Its environment variables, not secret. `{data}` is replaced by the path of the folder that the service may
    write, which successive versions share."""
    secrets: dict[str, SecretStr] = {}
    """Secret environment variables: kept in a file of mode 0600 and redacted from logs. Dumping a version hides
    them, except with the context `{"secrets": "shown"}`."""
    listen: Listen = Listen()
    health: tuple[HealthPath, ...] = ("/readyz",)
    """Paths that all return 2xx once it is ready."""
    ready_seconds: float = 30
    """How long it may take to become ready, excluding its migration."""
    migrate_seconds: float = 120
    drain_seconds: float = 20
    """How long requests in flight may take to finish after another version has taken over the traffic."""
    stop_seconds: float = 10
    """How long it may take to exit after SIGTERM."""
    limits: Limits = SERVICE_LIMITS

    @field_serializer("secrets")
    def _hide(self, secrets: dict[str, SecretStr], info: SerializationInfo) -> dict[str, str]:
        shown = info.context is not None and info.context.get("secrets") == "shown"
        return {name: value.get_secret_value() if shown else "***" for name, value in secrets.items()}

    @property
    def key(self) -> str:
        """The service and environment, of which one version runs at a time: "checkout/production"."""
        return f"{self.service}/{self.environment}"


class Build(BaseModel, frozen=True):
    """The files of a version, on the machine that built it."""

    code: Path
    dependencies: Path
    """The interpreter environment that the argv of the version refers to."""


class Release(BaseModel, frozen=True):
    """The result of a start."""

    ready: bool
    """Whether the requested version takes the traffic."""
    url: str
    """Base URL of the service, "" if nothing takes its traffic."""
    version: str
    """The version that takes the traffic now: the requested one, the previous one, or "" for none."""
    switched: bool
    """Whether this start moved the traffic."""
    detail: str
    """What happened, for people; for a failure also why, with the last lines of the version's log."""


State = Literal["starting", "running", "restarting", "crashing"]
"""State of a service. "restarting" has exited once or twice and is being restarted; "crashing" keeps exiting and
is restarted with growing delays."""


class ServiceStatus(BaseModel, frozen=True):
    """A service that is meant to run."""

    name: str
    environment: Environment
    url: str
    version: str
    state: State
    restarts: int
    """Number of restarts since it was delivered or the platform last started."""
    since: datetime
    """When it entered this state."""
    detail: str = ""
    """For a state other than "running": the reason, with the last lines of its log."""


class Ended(BaseModel, frozen=True):
    """A service that has been stopped."""

    name: str
    environment: Environment
    version: str


class Runtime(Protocol):
    """A place where services run. Methods raise PlatformError if it does not respond."""

    def start(self, version: Version, build: Build) -> Release:
        """Give a version all traffic; returns once it has it or has failed to become ready.

        No requests are dropped during the switch. If the version does not become ready, the previous one keeps
        running. Starting a version that is already serving changes nothing.
        """

    def status(self) -> list[ServiceStatus]:
        """Return all services that are meant to run, sorted by name and environment."""

    def stop(self, service: str, environment: Environment) -> Ended | None:
        """Stop a service for good; returns None if it was not running."""

    def down(self) -> list[Ended]:
        """Stop all services and the runtime itself; returns the services that were stopped."""
