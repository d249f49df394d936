"""Resources in the reference model, and the view of them that a rule evaluates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tools.blueprint.model import Effect, Entity, FieldType
from tools.blueprint.simulated_requests import Plain


@dataclass
class Resource:
    """A resource stored in the reference model."""

    entity: Entity
    values: dict[str, Plain]
    parents: dict[str, str]
    adjustments: dict[str, list[tuple[Effect, Plain]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    """Number of successes of each limited action; for limits per object, the key is "entity.action"."""

    def copy(self) -> Resource:
        """Return an independent copy."""
        return replace(
            self, values=dict(self.values), adjustments=dict(self.adjustments), counts=dict(self.counts)
        )


@dataclass(frozen=True)
class View:
    """The resources and inputs that a rule can refer to."""

    self: Resource
    object: Resource | None = None
    inputs: Mapping[str, Plain] = field(default_factory=dict)
    input_types: Mapping[str, FieldType] = field(default_factory=dict)
