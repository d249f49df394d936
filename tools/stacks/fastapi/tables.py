"""Derives the database tables of a blueprint and generates `app/models/`, their SQLAlchemy classes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Literal
from uuid import UUID

from tools.blueprint.api_outline import written_fields
from tools.blueprint.model import Blueprint, Entity, FieldSpec, FieldType, Limit, Value
from tools.blueprint.names import plural, snake
from tools.stacks.fastapi.identifiers import attribute, class_name, entity_names, identifier
from tools.stacks.fastapi.rendering import Code, format_python, module, render

Kind = Literal["text", "integer", "number", "money", "boolean", "date", "timestamp", "uuid"]

ADJUSTMENTS = "computed__adjustments"
"""Table of the changes that effects make to computed fields. Its double underscore avoids a clash with entities."""


@dataclass(frozen=True)
class Column:
    """A column of a table, other than those common to all tables."""

    name: str
    kind: Kind
    nullable: bool = False
    default: str | None = None
    """Default for rows written by releases that do not know the column, as a database literal without quotes."""
    unique: bool = False
    indexed: bool = False
    target: str | None = None
    """Table whose `id` the column references, if it is a foreign key."""


@dataclass(frozen=True)
class Table:
    """The database table of an entity."""

    name: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """Return the column with this name, or None."""
        return next((each for each in self.columns if each.name == name), None)


def table_name(entity: str) -> str:
    """Return the name of an entity's table, such as `discount_codes`."""
    return snake(plural(entity))


def short(name: str) -> str:
    """Return the name of a constraint or index, shortened to a length that every database accepts."""
    if len(name) <= 60:
        return name
    return f"{name[:47]}_{sha256(name.encode()).hexdigest()[:12]}"


def tables(blueprint: Blueprint) -> tuple[Table, ...]:
    """Return the tables of all entities, parents before children unless references are cyclic."""
    found = {
        entity.name: Table(table_name(entity.name), _columns(blueprint, entity))
        for entity in blueprint.entities
    }
    return tuple(found[name] for name in _parents_first(blueprint))


def adjusted_fields(blueprint: Blueprint) -> frozenset[tuple[str, str]]:
    """Return the computed fields that effects change, as pairs of entity name and field name."""
    return frozenset(
        (owner.name, field.name)
        for entity in blueprint.entities
        for effect in entity.effects
        if (owner := target_of(blueprint, entity, effect.operation, effect.target.subject, effect.target.via))
        and (field := owner.field(effect.target.field))
        and field.computed is not None
    )


def target_of(blueprint: Blueprint, entity: Entity, operation: str, subject: str, via: str) -> Entity | None:
    """Return the entity that the subject of a rule belongs to, or None; `via` names the reference, if it is one."""
    if subject == "self":
        return entity
    if subject == "object":
        action = entity.action(operation)
        return blueprint.entity(action.object or "") if action else None
    if subject == "reference":
        reference = entity.reference(via)
        return blueprint.entity(reference.target) if reference else None
    return None


def counter(entity: Entity, limit: Limit) -> str:
    """Return the name of the column that counts the uses of a limit, in the table of the entity it applies to."""
    return short(f"counted_{snake(entity.name)}_{snake(limit.operation)}") + "_"


def counters(blueprint: Blueprint, owner: Entity) -> tuple[str, ...]:
    """Return the names of all columns in an entity's table that count the uses of limits."""
    found: list[str] = []
    for entity in blueprint.entities:
        for limit in entity.limits:
            counted = target_of(blueprint, entity, limit.operation, limit.per, "")
            if counted is not None and counted.name == owner.name:
                found.append(counter(entity, limit))
    return tuple(dict.fromkeys(found))


def storage(kind: FieldType) -> Kind:
    """Return the kind of column that stores fields of a type."""
    return "text" if kind == "email" or kind == "url" or kind == "choice" else kind


def _columns(blueprint: Blueprint, entity: Entity) -> tuple[Column, ...]:
    found = [
        Column(
            f"{snake(each.name)}_id", "uuid", each.added_later, indexed=True, target=table_name(each.target)
        )
        for each in entity.references
    ]
    filtered = {each.field for each in entity.filters}
    found += [_column(each, each.name in filtered) for each in written_fields(entity)]
    if entity.initial_state is not None:
        default = _stored("choice", entity.initial_state)
        found.append(Column("status", "text", default=default, indexed="status" in filtered))
    found += [Column(name, "integer", default="0") for name in counters(blueprint, entity)]
    return tuple(found)


def _column(field: FieldSpec, filtered: bool) -> Column:
    # The default would give all existing rows the same value.
    default = None if field.unique else field.default
    return Column(
        snake(field.name),
        storage(field.type),
        nullable=field.nullable,
        default=None if default is None else _stored(field.type, default),
        unique=field.unique,
        indexed=filtered and not field.unique,
    )


def _stored(kind: FieldType, value: Value) -> str:
    """Return a value as a database literal without quotes."""
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "money":
        return str(int(Decimal(str(value)).scaleb(2)))
    if kind in ("integer", "number"):
        return str(Decimal(str(value)))
    if kind == "timestamp":
        moment = dt.datetime.fromisoformat(str(value)).astimezone(dt.UTC)
        return moment.isoformat(" ", "microseconds")
    return UUID(str(value)).hex if kind == "uuid" else str(value)


def _parents_first(blueprint: Blueprint) -> list[str]:
    ordered: list[str] = []
    waiting = [each.name for each in blueprint.entities]
    while waiting:
        free = [name for name in waiting if not (_parents(blueprint, name) & set(waiting)) - {name}]
        taken = free or waiting[:1]
        ordered += taken
        waiting = [name for name in waiting if name not in taken]
    return ordered


def _parents(blueprint: Blueprint, name: str) -> set[str]:
    entity = blueprint.entity(name)
    return {each.target for each in entity.references} if entity else set()


def model_files(blueprint: Blueprint) -> dict[str, str]:
    """Return the modules of `app/models/` by path: one for each entity, and `__init__.py`, which imports them all."""
    by_name = {each.name: each for each in tables(blueprint)}
    files = {"app/models/__init__.py": _gathered(blueprint)}
    for entity in blueprint.entities:
        files[f"app/models/{identifier(entity.name)}.py"] = _model(blueprint, entity, by_name)
    return files


def _model(blueprint: Blueprint, entity: Entity, by_name: dict[str, Table]) -> str:
    table = by_name[table_name(entity.name)]
    counting = counters(blueprint, entity)
    body = render(
        "app/models/entity.py.j2",
        **entity_names(entity),
        table=table.name,
        columns=[_attribute(entity, each) for each in table.columns if each.name not in counting],
        counters=[Code(each) for each in counting],
        indexes=[
            {
                "name": short(f"{'uq' if each.unique else 'ix'}_{table.name}_{each.name}"),
                "column": each.name,
                "unique": each.unique,
            }
            for each in table.columns
            if each.unique or each.indexed
        ],
    )
    return module(f"How {entity_names(entity)['plural']} are kept.", body)


def _attribute(entity: Entity, column: Column) -> dict[str, Code]:
    words = {snake(each.name): each.name for each in entity.fields}
    words |= {f"{snake(each.name)}_id": f"{each.name} id" for each in entity.references}
    spelt = attribute(words.get(column.name, column.name))
    kind = f"columns.{column.kind.capitalize()}"
    arguments = [] if spelt == column.name else [repr(column.name)]
    if column.target is not None:
        arguments.append(f"sa.ForeignKey({column.target + '.id'!r})")
    return {
        "attribute": Code(spelt),
        "type": Code(f"{kind} | None" if column.nullable else kind),
        "arguments": Code(", ".join(arguments)),
    }


def _gathered(blueprint: Blueprint) -> str:
    pairs = sorted((identifier(each.name), class_name(each.name)) for each in blueprint.entities)
    lines = [f"from app.models.{name} import {cls}" for name, cls in pairs]
    names = ", ".join(repr(each) for each in sorted(cls for _, cls in pairs))
    text = '"""Everything that is kept."""\n\nfrom __future__ import annotations\n\n'
    return format_python(text + "\n".join(lines) + f"\n\n__all__ = [{names}]\n")
