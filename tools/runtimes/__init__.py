"""Where delivered versions of services run, and how they get their traffic.

One version of a service takes all traffic of its environment. `tools.runtimes.local` is the runtime that
needs nothing but this machine.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import (
    BaseModel,
    ConfigDict,
    SecretStr,
    SerializationInfo,
    StringConstraints,
    field_serializer,
)

from tools.sandbox import Limits

Environment = Literal["production", "staging"]

ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
VersionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
HealthPath = Annotated[str, StringConstraints(pattern=r"^/[!-~]{0,200}$")]

SERVICE_LIMITS = Limits(wall_seconds=None, cpu_seconds=10**8)
"""A service runs until it is stopped, so its processor time adds up without end: 10^8 s are three years."""


class Listen(BaseModel):
    """Where a version takes requests: its environment names the place, the start command may as well."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["socket", "port"] = "socket"
    """"socket" is the unix socket `SOCKET`, "port" the TCP port `PORT` on 127.0.0.1; `{socket}` and `{port}`
    in the start command stand for the same."""
    port: int | None = None
    """A port that the service insists on; None gives it one that is free."""


class Version(BaseModel):
    """A version of a service, and all that it takes to run it. Two that are equal are the same version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: ServiceName
    environment: Environment = "production"
    version: VersionName
    """Id of the git tree or commit, or a name."""
    folder: Path
    """Its code, the working folder, read-only."""
    serve: tuple[str, ...]
    """The argv that serves until SIGTERM."""
    migrate: tuple[str, ...] = ()
    """The argv that brings its data up to date, run once to its end before the first start."""
    readable: tuple[Path, ...] = ()
    """Further folders it reads: its interpreter environment."""
    data: Path | None = None
    """The folder it may write, where its database is; kept from version to version."""
    variables: dict[str, str] = {}
    """Its environment variables, which anybody may see."""
    secrets: dict[str, SecretStr] = {}
    """Further environment variables, which nobody may see: kept in a file of mode 0600, blotted out of logs.
    Dumping a version hides them, but with the context `{"secrets": "shown"}`."""
    listen: Listen = Listen()
    health: tuple[HealthPath, ...] = ("/readyz",)
    """Paths that all answer 2xx once it is ready."""
    ready_seconds: float = 30
    """How long it may take to become ready, its migration not counted."""
    migrate_seconds: float = 120
    drain_seconds: float = 20
    """How long requests that are on their way may take to finish, once another version takes the traffic."""
    stop_seconds: float = 10
    """How long it may take to end after SIGTERM."""
    limits: Limits = SERVICE_LIMITS
    sandbox: str = ""
    """Name of the sandbox it runs in; "" for the best that this machine offers."""

    @field_serializer("secrets")
    def _hide(self, secrets: dict[str, SecretStr], info: SerializationInfo) -> dict[str, str]:
        shown = info.context is not None and info.context.get("secrets") == "shown"
        return {name: value.get_secret_value() if shown else "***" for name, value in secrets.items()}

    @property
    def key(self) -> str:
        """What it replaces another version of: "checkout/production"."""
        return f"{self.service}/{self.environment}"


class Release(BaseModel):
    """Who takes the traffic after a start."""

    model_config = ConfigDict(frozen=True)

    ready: bool
    """Whether the version that was asked for takes the traffic."""
    url: str
    """Base URL of the service, "" if nothing takes its traffic."""
    version: str
    """The version that the traffic goes to now: the one asked for, or the one before it, or "" for none."""
    pid: int
    """0 if there is none."""
    started_at: datetime | None
    switched: bool
    """Whether this start moved the traffic."""
    detail: str
    """What happened, for people; of a failure also why, with the last lines of the version's log."""


State = Literal["starting", "running", "restarting", "crashing"]
"""What a service is doing. "restarting" has ended by itself once or twice and is started again, "crashing"
ends again and again: it is tried more and more rarely."""


class ServiceStatus(BaseModel):
    """A service that should run."""

    model_config = ConfigDict(frozen=True)

    name: str
    environment: Environment
    url: str
    version: str
    state: State
    restarts: int
    """How often it had to be started again since it was delivered, or since the platform last began."""
    since: datetime
    """When it came into this state."""
    detail: str = ""
    """Of a state other than "running": why, with the last lines of its log."""


class Ended(BaseModel):
    """A service that runs no more."""

    model_config = ConfigDict(frozen=True)

    name: str
    environment: Environment
    version: str


class Runtime(Protocol):
    """One kind of place for services to run in. Methods raise PlatformError where it does not answer."""

    def start(self, version: Version) -> Release:
        """Give the version all traffic, and return once it has it or once it is sure that it will not.

        Requests are not dropped meanwhile. If the version does not become ready, the one before it stays.
        Starting a version that serves already changes nothing.
        """

    def is_running(self, version: Version) -> bool:
        """Whether this very version takes the traffic and is ready for it."""

    def status(self) -> list[ServiceStatus]:
        """Return all services that should run, by name and environment."""

    def stop(self, service: str, environment: Environment) -> Ended | None:
        """End a service, which then stays ended; None if it did not run."""

    def down(self) -> list[Ended]:
        """End all services and the place itself, and return what was ended."""
