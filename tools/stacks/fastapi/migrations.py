"""Generates Alembic migrations from one blueprint to the next. They never remove anything."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tools.blueprint.model import Blueprint
from tools.errors import ToolError
from tools.stacks.fastapi.rendering import Code, module, py, render
from tools.stacks.fastapi.tables import ADJUSTMENTS, Column, Table, adjusted_fields, short, tables

FOLDER = "migrations/versions"
_TYPES = {
    "text": 'sa.Text().with_variant(sa.Text(collation="C"), "postgresql")',
    "integer": "sa.BigInteger()",
    "number": "sa.Double()",
    "money": "sa.BigInteger()",
    "boolean": "sa.Boolean()",
    "date": "sa.Date()",
    "timestamp": "sa.DateTime(timezone=True)",
    "uuid": "sa.Uuid()",
}


@dataclass(frozen=True)
class Changes:
    """The changes that a migration makes to the database schema."""

    created: tuple[Table, ...] = ()
    added: tuple[tuple[Table, Column], ...] = ()
    loosened: tuple[tuple[Table, Column], ...] = ()
    """Columns that become nullable."""
    defaulted: tuple[tuple[Table, Column], ...] = ()
    """Columns that get a server default because they are no longer written but still read by the previous release."""
    unique: tuple[tuple[Table, Column], ...] = ()
    indexed: tuple[tuple[Table, Column], ...] = ()
    adjustments: bool = False
    """Whether to create the table of adjustments."""


def migration_files(blueprint: Blueprint, before: Blueprint | None, files: dict[str, str]) -> dict[str, str]:
    """Return the migration files among `files` unchanged, plus a new one if the database schema has changed."""
    kept = {
        path: text for path, text in files.items() if path.startswith(f"{FOLDER}/") and path.endswith(".py")
    }
    changes = _changes(blueprint, before)
    if changes == Changes():
        return kept
    last = max((int(found[1]) for path in kept if (found := re.search(r"/(\d+)_", path))), default=0)
    title = _title(changes, first=before is None)
    path = f"{FOLDER}/{last + 1:04}_{'_'.join(title.lower().split())[:40].rstrip('_')}.py"
    return kept | {path: _file(changes, title, last)}


def _changes(blueprint: Blueprint, before: Blueprint | None) -> Changes:
    old = {table.name: table for table in tables(before)} if before else {}
    new = tables(blueprint)
    shared = [(table, old[table.name]) for table in new if table.name in old]
    pairs = [(table, column, was.column(column.name)) for table, was in shared for column in table.columns]
    for table, column, was in pairs:
        if was is not None and (was.kind, was.target) != (column.kind, column.target):
            raise ToolError(
                f"{table.name}.{column.name} changes from {was.kind} to {column.kind}. The previous "
                "release could not read it; give the new field another name."
            )
    dropped = [
        (table, column)
        for table, was in shared
        for column in was.columns
        if table.column(column.name) is None
    ]
    known = [(table, column, was) for table, column, was in pairs if was is not None]
    return Changes(
        created=tuple(table for table in new if table.name not in old),
        added=tuple((table, column) for table, column, was in pairs if was is None),
        loosened=tuple(
            (table, column) for table, column, was in known if column.nullable and not was.nullable
        )
        + tuple((table, column) for table, column in dropped if not column.nullable and not _zero(column)),
        defaulted=tuple(
            (table, column)
            for table, column in dropped
            if not column.nullable and _zero(column) and not column.default
        ),
        unique=tuple((table, column) for table, column, was in known if column.unique and not was.unique),
        indexed=tuple((table, column) for table, column, was in known if column.indexed and not was.indexed),
        adjustments=bool(adjusted_fields(blueprint)) and not (before and adjusted_fields(before)),
    )


def _zero(column: Column) -> str | None:
    """Return the zero value of a column's type as a database literal, or None if the type has none."""
    return {"integer": "0", "number": "0", "money": "0", "boolean": "false"}.get(column.kind)


def _title(changes: Changes, *, first: bool) -> str:
    if first:
        return "Initial"
    names = [f"add {table.name}" for table in changes.created]
    names += [f"add {table.name} {column.name}" for table, column in changes.added]
    names += [
        f"change {table.name} {column.name}" for table, column in (*changes.loosened, *changes.defaulted)
    ]
    names += [f"index {table.name} {column.name}" for table, column in (*changes.unique, *changes.indexed)]
    return (names or ["add adjustments"])[0].replace("_", " ").capitalize()


def _file(changes: Changes, title: str, last: int) -> str:
    body = render(
        "migrations/migration.py.j2",
        changes=changes,
        revision=f"{last + 1:04}",
        parent=f"{last:04}" if last else None,
        column=column_code,
        zero=_zero,
        short=short,
        adjustments=ADJUSTMENTS,
        types={kind: Code(text) for kind, text in _TYPES.items()},
    )
    return module(f"{title}.", body, {"op": "from alembic import op"})


def column_code(table: Table, column: Column, *, added: bool = False) -> Code:
    """Return the `sa.Column(...)` expression of a column.

    A column that is `added` to an existing table without a default is nullable, since the previous release does not
    write it.
    """
    arguments = [repr(column.name), _TYPES[column.kind]]
    if column.target is not None:
        name = short(f"fk_{table.name}_{column.name}")
        arguments.append(f"sa.ForeignKey({column.target + '.id'!r}, name={name!r})")
    nullable = column.nullable or (added and column.default is None)
    arguments.append(f"nullable={nullable}")
    if column.default is not None:
        arguments.append(f"server_default={_server_default(column)}")
    return Code(f"sa.Column({', '.join(arguments)})")


def _server_default(column: Column) -> str:
    if column.kind in ("integer", "number", "money"):
        return f"sa.text({column.default!r})"
    if column.kind == "boolean":
        return f"sa.{column.default}()"
    return py(column.default)
