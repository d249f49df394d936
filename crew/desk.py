"""What the nodes of one delivery work with; everything else they know is in the state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel
from pydantic import JsonValue

from crew.artifacts import ArtifactStore
from crew.door import Door
from crew.ledger import Ledger
from tools.result import Tool


@dataclass(frozen=True)
class Desk:
    """One delivery's door, records and models."""

    door: Door
    ledger: Ledger
    artifacts: ArtifactStore
    tools: Mapping[str, Tool]
    model: Callable[[str], BaseChatModel]
    """Role name to the chat model that plays it."""
    redact: Callable[[JsonValue], JsonValue] = lambda value: value
    """Takes secrets out of what is kept."""
    most_repairs: int = 3
    """How often the code agent is sent back before the delivery stops."""
