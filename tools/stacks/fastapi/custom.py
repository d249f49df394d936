"""Generates `app/custom/`, with one file per custom operation that is generated once and then completed by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tools.blueprint.model import Blueprint, CustomOperation, Entity, FieldSpec
from tools.stacks.fastapi.identifiers import attribute, class_name, distinct, function, identifier, spelled
from tools.stacks.fastapi.pytest_source import paragraphs
from tools.stacks.fastapi.rendering import Code, format_python

_KINDS = {
    "integer": "int",
    "number": "Decimal",
    "money": "Decimal of at most two decimals",
    "boolean": "bool",
    "date": "datetime.date",
    "timestamp": "datetime.datetime with an offset",
    "uuid": "uuid.UUID",
}


def custom_files(blueprint: Blueprint, before: Mapping[str, str]) -> dict[str, str]:
    """Return the module of each custom operation by path, reusing those in `before`, the previously generated files."""
    found = {
        custom_path(each): _module(blueprint, entity, each)
        for entity in blueprint.entities
        for each in entity.custom
    }
    if not found:
        return {}
    found = {path: before.get(path, text) for path, text in found.items()}
    return {
        "app/custom/__init__.py": '"""Hand-written code: generation never changes these files."""\n'
    } | found


def custom_module(custom: CustomOperation) -> Code:
    """Return the name of a custom operation's module, such as `loan_amortisation_schedule`."""
    return Code(spelled(f"{custom.entity} {custom.name}"))


def custom_path(custom: CustomOperation) -> str:
    """Return the path of a custom operation's module in the repository."""
    return f"app/custom/{custom_module(custom)}.py"


def custom_class(custom: CustomOperation) -> Code:
    """Return the prefix of a custom operation's input, item and answer classes, such as `AmortisationSchedule`."""
    return Code(class_name(custom.name).rstrip("_"))


def _module(blueprint: Blueprint, entity: Entity, custom: CustomOperation) -> str:
    own, cls = identifier(entity.name), custom_class(custom)
    inputs = distinct("inputs", own)
    parameters = [f"session: orm.Session, {own}: models.{class_name(entity.name)}"]
    parameters += [f"{inputs}: schemas.{cls}Inputs"] if custom.inputs else []
    texts = [f"{each.id}: {each.text}" for each in blueprint.criteria if each.id == custom.criterion]
    docstring = paragraphs([custom.does, *texts, *_instructions(entity, custom, own, inputs)])
    unwritten = f"{entity.name} {custom.name} is not written yet: {custom_path(custom)}"
    lines = [
        *paragraphs([f"Hand-written: {entity.name} {custom.name}. Generation never changes this file."], ""),
        "",
        "from __future__ import annotations",
        "",
        "from sqlalchemy import orm",
        "",
        "from app import models",
        f"from app.schemas import {own} as schemas",
        "",
        f"def {function(custom)}({', '.join(parameters)}) -> schemas.{cls}Answer:",
        *docstring,
        f"    raise NotImplementedError({unwritten!r})",
    ]
    return format_python("\n".join(lines) + "\n")


def _instructions(entity: Entity, custom: CustomOperation, own: str, inputs: str) -> Iterator[str]:
    cls = custom_class(custom)
    gets = f"Gets the session of the request and the {entity.name}, `{own}`: see app/models/{own}.py."
    if custom.kind == "query":
        yield f"{gets} It changes nothing."
    else:
        yield (
            f"{gets} The {entity.name} is locked. All changes are one transaction, rolled back on any exception. "
            f"Call `{own}.touch()` when the {entity.name} changes."
        )
    if custom.inputs:
        yield f"`{inputs}`, already checked, has {_members(custom.inputs)}."
    answer = [_members(custom.returns)] if custom.returns else []
    answer += (
        [f"`items`, a list of `schemas.{cls}Item` with {_members(custom.items)}"] if custom.items else []
    )
    members = f" with {', and with '.join(answer)}" if answer else ""
    yield f"Returns `schemas.{cls}Answer`{members}. A value of another type results in a 500."
    yield (
        "Rejects by raising `app.problems.Problem(409, why)` for what the state does not allow, `Problem(422, why)` "
        "for what the inputs do not."
    )
    yield (
        "May import the standard library, `sqlalchemy`, and from the service `models`, `schemas`, `problems`, "
        "`arithmetic` (exact sums; `money()` rounds to cents, half to even), `clock`, `store` and `services`, whose "
        "`show(session, resource)` returns a resource as the API returns it, including computed fields."
    )


def _members(fields: Sequence[FieldSpec]) -> str:
    return ", ".join(f"`{attribute(each.name)}` ({_kind(each)})" for each in fields)


def _kind(field: FieldSpec) -> str:
    kind = " or ".join(map(repr, field.choices)) if field.choices else _KINDS.get(field.type, "str")
    return f"{kind} or None" if field.optional else kind
