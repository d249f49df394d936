"""What a sentence adds to a blueprint, one small part at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tools.blueprint import model


@dataclass(frozen=True)
class Exists:
    """The entity exists."""


@dataclass(frozen=True)
class OfferedOperations:
    """The entity offers exactly these plain operations."""

    operations: tuple[model.Crud, ...]


@dataclass(frozen=True)
class InitialState:
    """The state that a resource starts in."""

    state: str


@dataclass(frozen=True)
class InputField:
    """An action takes this field in its request body."""

    operation: model.Operation
    field: model.FieldSpec


@dataclass(frozen=True)
class ComputedField:
    """A field is computed; it has this type unless a sentence gives another one."""

    field: str
    type: model.FieldType
    computed: model.Computed


@dataclass(frozen=True)
class BuiltIn:
    """Something that every service does, so that the sentence adds nothing."""

    operation: model.Operation
    sentence: str
    """The sentence without capital letter and full stop."""


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
    """One part and the entity that it belongs to."""

    entity: str
    part: Part


Facts: TypeAlias = tuple[Fact, ...]
