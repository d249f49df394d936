"""The app context: everything that the deliveries of a home share, opened once per command."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from crew.delivery_context import DeliveryContext
from crew.door.door import Door
from crew.door.policy_facts import Facts
from crew.errors import BadInput, MachineLacks
from crew.evidence.evidence import written_by
from crew.known_secrets import redactor_of
from crew.models.recordings.record import Recorder
from crew.models.role_model import RoleModels
from crew.models.spending import BudgetTracker
from crew.policy_drafts.folder import verify_approvals
from crew.printable import say
from crew.records.artifacts import ArtifactStore
from crew.records.bus import Bus
from crew.records.deliveries import Opened, of_run
from crew.records.home_ledger import ledger_id, require_deliveries
from crew.records.ledger import Ledger
from crew.settings.budget import Budget
from crew.settings.config import TelemetrySettings
from crew.settings.terms import Terms
from crew.telemetry.api import OFF, Telemetry
from crew.telemetry.open import open_telemetry
from tools.catalogue.registry import CATALOGUE
from tools.catalogue.release import service_secrets
from tools.errors import PolicyError, SandboxUnavailable
from tools.policy import ENGINES, PolicyEngine
from tools.policy import choose as choose_policy
from tools.projects.trees import repository
from tools.redaction import Redactor
from tools.result import Workbench
from tools.runtimes import Runtime
from tools.runtimes.open import open_runtime
from tools.sandbox import Sandbox
from tools.sandbox import choose as choose_sandbox

SANDBOXES = ("bubblewrap", "namespaces", "landlock", "none")
"""Valid values of the option --sandbox."""


@dataclass(frozen=True)
class Settings:
    """The settings of a command, from its options and the settings file."""

    home: Path
    """Folder in which all records are stored; created if missing."""
    model: str = "offline"
    model_settings: str = ""
    """Settings of the models, as `kept_settings` returns them; "" for the defaults."""
    yes: bool = False
    """Whether calls are approved automatically unless policy insists on a person."""
    strict: bool = False
    ask: bool = False
    """Whether agents may ask a person; otherwise they make the most conservative assumption and report it."""
    test_command: str = ""
    """The repository's own test command; "" to detect it."""
    sandbox: str | None = None
    """Name of a sandbox; None selects the strongest one that works on this machine."""
    engine: str = "auto"
    """Policy engine: "auto", "opa" or "regopy"."""
    policies: Path | None = None
    """Folder of the user's own policies, which can only deny more calls or require more approvals."""
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)
    budget: Budget = field(default_factory=Budget)
    """Limits for each delivery."""
    run_budget: Budget = field(default_factory=Budget)
    """Limits for all deliveries of a run together."""
    record: Path | None = None
    """Folder to which every model call is recorded; None disables recording."""

    @property
    def terms(self) -> Terms:
        """The settings that a delivery is started with, which the ledger keeps for resuming it."""
        return Terms(
            model=self.model,
            settings=self.model_settings,
            policies=str(self.policies.resolve()) if self.policies else "",
            budget=str(self.budget),
            run_budget=str(self.run_budget),
            sandbox=self.sandbox or "",
            policy_engine=self.engine,
            record=str(self.record.resolve()) if self.record else "",
        )


@dataclass(frozen=True)
class AppContext:
    """The records of a home, and the engines that its deliveries use."""

    settings: Settings
    ledger: Ledger
    artifacts: ArtifactStore
    bus: Bus
    policy: PolicyEngine
    sandbox: Sandbox
    runtime: Runtime
    role_models: RoleModels
    redact: Redactor
    recorder: Recorder | None = None
    """Recorder of all model calls; None disables recording."""
    telemetry: Telemetry = OFF


@contextmanager
def open_app(
    settings: Settings, role_models: RoleModels, recorder: Recorder | None = None
) -> Iterator[AppContext]:
    """Open a home for the duration of the block.

    Raises MachineLacks unless this is a Linux machine with a sandbox and a policy engine.
    """
    if sys.platform != "linux":
        raise MachineLacks(
            f"The crew confines code with features of Linux that {sys.platform} lacks. Use a Linux VM."
        )
    _require_known("sandbox", settings.sandbox, SANDBOXES)
    _require_known("policy engine", settings.engine, ENGINES)
    if settings.policies:
        verify_approvals(settings.policies)
    home = prepared(settings.home)
    sandbox = open_sandbox(settings.sandbox)
    try:
        with resources.as_file(resources.files("crew").joinpath("policies")) as folder:
            policy = choose_policy(folder, settings.policies, settings.engine)
    except PolicyError as error:
        raise MachineLacks(str(error)) from error
    redact = redactor_of(home)
    ledger = Ledger(home / "ledger.db", redact)
    require_deliveries(ledger)
    telemetry = open_telemetry(settings.telemetry, redact)
    try:
        yield AppContext(
            settings=settings,
            ledger=ledger,
            artifacts=ArtifactStore(home / "artifacts", redact),
            bus=Bus(),
            policy=policy,
            sandbox=sandbox,
            runtime=open_runtime(home, sandbox.name),
            role_models=role_models,
            redact=redact,
            recorder=recorder,
            telemetry=telemetry,
        )
    finally:
        if lost := telemetry.close():
            say(f"crew: {lost}", err=True)
        policy.close()
        ledger.close()


def prepared(home: Path) -> Path:
    """Return the absolute path of a home, created if missing and readable only by its owner.

    Raises BadInput if the folder cannot be created or written.
    """
    home = home.resolve()
    ignore = home / ".gitignore"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not ignore.exists():
            # Keep a home inside a repository out of version control.
            ignore.write_text("*\n")
    except OSError as error:
        raise _unusable(home, error.strerror) from error
    if not os.access(home, os.W_OK | os.X_OK):
        raise _unusable(
            home, os.strerror(errno.EROFS if os.statvfs(home).f_flag & os.ST_RDONLY else errno.EACCES)
        )
    return home


def _unusable(home: Path, why: str | None) -> BadInput:
    return BadInput(
        f"{home} cannot be used as the home: {why}. Name a folder that you may write to: --home FOLDER."
    )


def open_sandbox(name: str | None) -> Sandbox:
    """Return the sandbox with the given name, or the strongest one that works on this machine.

    Raises BadInput for an unknown name, and MachineLacks if the sandbox does not work on this machine.
    """
    _require_known("sandbox", name, SANDBOXES)
    try:
        return choose_sandbox(name)
    except SandboxUnavailable as error:
        raise MachineLacks(str(error)) from error


def _require_known(what: str, name: str | None, valid: Collection[str]) -> None:
    if name is not None and name not in valid:
        raise BadInput(f"Unknown {what} {name!r}; valid: {', '.join(valid)}.")


def cache_folder() -> Path:
    """Return the cache folder for service environments, shared by all homes of the user."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "shipcrew"


def workbench(app: AppContext, about: Opened) -> Workbench:
    """Return the workbench of a delivery: everything its tools may use."""
    home = app.settings.home.resolve()
    secrets = service_secrets(home, about.service)
    redact = app.redact.knowing(secrets.values())

    def head() -> str:
        row = app.ledger.head(about.delivery)
        return row.hash if row else ""

    return Workbench(
        delivery=about.delivery,
        service=about.service,
        story=about.story,
        stack=about.stack,
        when=about.when,
        repository=about.repository,
        workspace=home / "work" / about.delivery,
        test_command=about.test_command,
        home=home,
        artifacts=app.artifacts.with_redactor(redact),
        redact=redact,
        sandbox=app.sandbox,
        runtime=app.runtime,
        cache=cache_folder(),
        ledger_head=head,
        ledger=ledger_id(home),
        secrets=secrets,
        tests_written=lambda: written_by(app.ledger, about.delivery, "testing"),
    )


def delivery_context(app: AppContext, about: Opened) -> DeliveryContext:
    """Return the context of a delivery, with a redactor that knows the secrets of its service."""
    settings = app.settings
    others = [each for each in of_run(app.ledger, about.run) if each != about.delivery]
    bench = workbench(app, about)
    ledger, artifacts = app.ledger.with_redactor(bench.redact), app.artifacts.with_redactor(bench.redact)
    door = Door(
        tools=CATALOGUE,
        workbench=bench,
        ledger=ledger,
        artifacts=artifacts,
        policy=app.policy,
        facts=Facts(bench, ledger, artifacts),
        redact=bench.redact,
        bus=app.bus,
        yes=app.settings.yes,
    )
    return DeliveryContext(
        door=door,
        ledger=ledger,
        artifacts=artifacts,
        tools=CATALOGUE,
        role_models=app.role_models,
        budget_tracker=BudgetTracker(ledger, about.delivery, others, settings.budget, settings.run_budget),
        bus=app.bus,
        redact=bench.redact,
        telemetry=app.telemetry.redacting(bench.redact),
        main_commit=lambda: repository(bench).base_commit(),
    )
