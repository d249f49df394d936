"""Generates `app/main.py` and `app/routes/`, with one module per entity."""

from __future__ import annotations

from tools.blueprint import api_outline
from tools.blueprint.model import Blueprint, CustomOperation, Entity, Operation
from tools.blueprint.names import collection_path, kebab, plural
from tools.stacks.fastapi.custom import custom_class, custom_module
from tools.stacks.fastapi.identifiers import attribute, entity_names, function, identifier
from tools.stacks.fastapi.rendering import Code, format_python, module, render
from tools.stacks.fastapi.schemas import action_class


def route_files(blueprint: Blueprint) -> dict[str, str]:
    """Return the modules of `app/routes/` by path, one for each entity."""
    files = {"app/routes/__init__.py": '"""The paths."""\n'}
    for entity in blueprint.entities:
        files[f"app/routes/{identifier(entity.name)}.py"] = _routes(entity)
    return files


def main_file(blueprint: Blueprint) -> str:
    """Return the source of `app/main.py`."""
    names = sorted(identifier(each.name) for each in blueprint.entities)
    return format_python(
        render(
            "app/main.py.j2",
            service=blueprint.service,
            restricted=blueprint.restricted,
            imports=Code("\n".join(f"from app.routes import {name} as {name}_routes" for name in names)),
            routers=[Code(f"{identifier(each.name)}_routes") for each in blueprint.entities],
        )
    )


def _routes(entity: Entity) -> str:
    own = identifier(entity.name)
    plain = {
        name: {
            "gate": _gate(entity, name),
            **_ownership(entity, name, "body" if name == "create" else identifier(entity.name)),
            "checked": any(each.operation == name for each in entity.guards),
        }
        if entity.offers(name)
        else None
        for name in ("create", "list", "read", "update", "delete")
    }
    body = render(
        "app/routes/entity.py.j2",
        **entity_names(entity),
        **plain,
        location=Code(collection_path(entity.name)),
        actions=[
            {
                "path": f"/{{id}}/{kebab(each.name)}",
                "gate": _gate(entity, each.name),
                **_ownership(entity, each.name, own),
                "function": function(each),
                "summary": each.name.capitalize(),
                "body": action_class(each),
            }
            for each in entity.actions
        ],
        custom=[_custom(entity, each) for each in entity.custom],
        left_out=_left_out(entity),
    )
    imports: dict[str, str] = {
        "schemas": f"from app.schemas import {own} as schemas",
        "service": f"from app.services import {own} as service",
        **{custom_module(each): f"from app.custom import {custom_module(each)}" for each in entity.custom},
    }
    return module(f"The paths of {plural(entity.name)}.", body, imports)


def _custom(entity: Entity, custom: CustomOperation) -> dict[str, object]:
    method, _ = api_outline.route(entity, custom.name)
    cls = custom_class(custom)
    return {
        "method": Code(method.lower()),
        "path": f"/{{id}}/{kebab(custom.name)}",
        "gate": _gate(entity, custom.name),
        "function": function(custom),
        "module": custom_module(custom),
        "summary": f"{custom.name.capitalize()} of one {entity.name}",
        "inputs": Code(f"schemas.{cls}Inputs") if custom.inputs else Code(),
        "answer": Code(f"{cls}Answer"),
    }


def _ownership(entity: Entity, operation: Operation, source: str) -> dict[str, object]:
    """Return the parameter for the caller and the check that the caller owns `source`; both empty if not required."""
    name = api_outline.owner(entity, operation)
    if not name:
        return {"who": Code(), "owned": Code()}
    owner = attribute(name if entity.field(name) else f"{name} id")
    arguments = [f"{source}.{owner}", *map(repr, api_outline.roles(entity, operation))]
    return {"who": Code(", who: owners.Who"), "owned": Code(f"who.must_own({', '.join(arguments)})")}


def _gate(entity: Entity, operation: Operation) -> Code:
    if api_outline.owner(entity, operation):
        return Code(", dependencies=[Depends(owners.caller)]")
    roles = api_outline.roles(entity, operation)
    if not roles:
        return Code()
    return Code(f", dependencies=[Depends(auth.AnyOf({', '.join(repr(each) for each in roles)}))]")


def _left_out(entity: Entity) -> list[str]:
    """Return the paths, relative to the entity's, that support no operation and therefore always respond with 405."""
    found = [] if entity.offers("create") or entity.offers("list") else [""]
    return found + ([] if any(entity.offers(each) for each in ("read", "update", "delete")) else ["/{id}"])
