"""Facts: the smallest parts that a sentence can add to a blueprint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tools.blueprint import model


@dataclass(frozen=True)
class Exists:
    """The fact that an entity exists."""


@dataclass(frozen=True)
class OfferedOperations:
    """The CRUD operations that an entity offers; it offers no others."""

    operations: tuple[model.Crud, ...]


@dataclass(frozen=True)
class InitialState:
    """The state in which a new resource starts."""

    state: str


@dataclass(frozen=True)
class InputField:
    """A field in the request body of an action."""

    operation: model.Operation
    field: model.FieldSpec


@dataclass(frozen=True)
class ComputedField:
    """A computed field; `type` applies unless a sentence declares a different type."""

    field: str
    type: model.FieldType
    computed: model.Computed


@dataclass(frozen=True)
class BuiltIn:
    """A feature that every service has; a sentence about it adds nothing to the blueprint."""

    operation: model.Operation
    sentence: str
    """The paraphrase of the feature, without an initial capital letter or a full stop."""


Part: TypeAlias = (
    Exists
    | BuiltIn
    | OfferedOperations
    | InitialState
    | InputField
    | ComputedField
    | model.FieldSpec
    | model.Reference
    | model.Filter
    | model.Sort
    | model.Transition
    | model.Action
    | model.Guard
    | model.Effect
    | model.Limit
    | model.Access
    | model.Example
    | model.Speed
)


@dataclass(frozen=True)
class Fact:
    """A part of a blueprint and the name of the entity that it belongs to."""

    entity: str
    part: Part


Facts: TypeAlias = tuple[Fact, ...]
