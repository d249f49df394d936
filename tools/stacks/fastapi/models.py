"""`app/models/`: tables as SQLAlchemy classes."""

from __future__ import annotations

from tools.blueprint.model import Blueprint, Entity
from tools.blueprint.names import snake
from tools.stacks.fastapi.identifiers import attribute, class_name, entity_names, identifier
from tools.stacks.fastapi.rendering import Code, format_python, module, render
from tools.stacks.fastapi.tables import Column, Table, counters, short, table_name, tables

_IMPORTS = {
    "sa": "import sqlalchemy as sa",
    "orm": "from sqlalchemy import orm",
    "columns": "from app import columns",
    "database": "from app import database",
}


def model_files(blueprint: Blueprint) -> dict[str, str]:
    """Return a module for each entity, and the one that imports them all."""
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
        columns=[_column(entity, each) for each in table.columns if each.name not in counting],
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
    return module(f"How {entity_names(entity)['plural']} are kept.", body, _IMPORTS)


def _column(entity: Entity, column: Column) -> dict[str, Code]:
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
