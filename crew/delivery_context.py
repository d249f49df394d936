"""The resources that the nodes of a delivery's graph share; everything else that they need is in the state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crew.door.door import Door
from crew.models.role_model import RoleModels
from crew.models.spending import BudgetTracker
from crew.records.artifacts import ArtifactStore
from crew.records.bus import Bus
from crew.records.ledger import Ledger
from crew.telemetry.api import OFF, Telemetry
from tools.redaction import Redactor
from tools.result import Tool


@dataclass(frozen=True)
class DeliveryContext:
    """The door, records, models and telemetry of one delivery."""

    door: Door
    ledger: Ledger
    artifacts: ArtifactStore
    tools: Mapping[str, Tool]
    role_models: RoleModels
    budget_tracker: BudgetTracker
    bus: Bus
    redact: Redactor
    telemetry: Telemetry = OFF
    main_commit: Callable[[], str] = str
    """Function that returns the commit at the tip of the main branch; "" if there is no repository."""
    most_repairs: int = 3
    """Maximum number of times the code agent is sent back before the delivery stops."""
    most_returns: int = 2
    """Maximum number of times a blocking finding of the code agent returns the delivery to the design agent."""
    most_updates: int = 5
    """Maximum number of times new commits on the main branch are merged into the story's branch."""
