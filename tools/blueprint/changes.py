"""What changed between two contracts of a service, seen by those who call it.

Breaking is what makes a correct client of the old contract fail under the new one: requests that it may send
are narrowed, or responses that it must understand are widened.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from tools.blueprint.narrowing import Schema, Side, compare, mapping, resolve

Document = dict[str, JsonValue]
Kind = Literal["breaking", "additive"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Change(BaseModel):
    """One difference that a client can notice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    where: str
    """Method and path: "POST /orders"."""
    what: str
    """One plain sentence."""


def changes(before: Document | None, after: Document) -> tuple[Change, ...]:
    """Return every change from one contract to the next, removals first; no `before` means all is new."""
    old, new = _operations(before or {}), _operations(after)
    found = [
        Change(kind="breaking", where=where, what="The operation is gone.")
        for where in old
        if where not in new
    ]
    for where, operation in new.items():
        if where not in old:
            found.append(Change(kind="additive", where=where, what="The operation is new."))
            continue
        for kind, what in _differences(before or {}, old[where], after, operation):
            found.append(Change(kind=kind, where=where, what=what))
    return tuple(dict.fromkeys(found))


def _operations(document: Document) -> dict[str, Schema]:
    return {
        f"{method.upper()} {path}": mapping(mapping(item).get(method))
        for path, item in mapping(document.get("paths")).items()
        for method in _METHODS
        if method in mapping(item)
    }


def _differences(before: Document, old: Schema, after: Document, new: Schema) -> Iterator[tuple[Kind, str]]:
    yield from _security(old, new)
    yield from _parameters(Side(before, after, "request"), old, new)
    yield from _body(Side(before, after, "request"), old, new)
    yield from _responses(Side(before, after, "response"), old, new)


def _security(old: Schema, new: Schema) -> Iterator[tuple[Kind, str]]:
    was, now = _roles(old), _roles(new)
    if now and not was:
        yield "breaking", f"It now needs the role {' or '.join(now)}."
    elif was and not now:
        yield "additive", "It is now open to everyone."
    elif was and now:
        for role in was:
            if role not in now:
                yield "breaking", f"The role {role} is no longer enough."
        for role in now:
            if role not in was:
                yield "additive", f"The role {role} is now enough."


def _roles(operation: Schema) -> tuple[str, ...]:
    required = operation.get("security")
    found = [mapping(each).values() for each in required] if isinstance(required, list) else []
    return tuple(str(role) for group in found for roles in group if isinstance(roles, list) for role in roles)


def _parameters(side: Side, old: Schema, new: Schema) -> Iterator[tuple[Kind, str]]:
    was, now = _by_name(side.before, old), _by_name(side.after, new)
    for name in was:
        if name not in now:
            yield "breaking", f'The parameter "{name}" is gone.'
    for name, parameter in now.items():
        needed = parameter.get("required") is True
        if name not in was:
            required = " and required" if needed else ""
            yield "breaking" if needed else "additive", f'The parameter "{name}" is new{required}.'
            continue
        if needed and was[name].get("required") is not True:
            yield "breaking", f'The parameter "{name}" is now required.'
        yield from compare(side, f'parameter "{name}"', was[name].get("schema"), parameter.get("schema"))


def _by_name(document: Document, operation: Schema) -> dict[str, Schema]:
    listed = operation.get("parameters")
    found = [resolve(document, each) for each in listed] if isinstance(listed, list) else []
    return {str(each.get("name")): each for each in found}


def _body(side: Side, old: Schema, new: Schema) -> Iterator[tuple[Kind, str]]:
    was, now = resolve(side.before, old.get("requestBody")), resolve(side.after, new.get("requestBody"))
    if was and not now:
        yield "breaking", "It takes no body any more."
    if now.get("required") is True and was.get("required") is not True:
        yield "breaking", "A body is now required."
    yield from _content(side, "request body", was, now)


def _responses(side: Side, old: Schema, new: Schema) -> Iterator[tuple[Kind, str]]:
    was, now = mapping(old.get("responses")), mapping(new.get("responses"))
    for status in was:
        if status not in now:
            kind: Kind = "breaking" if status.startswith("2") else "additive"
            yield kind, f"It no longer answers {status}."
    for status, answer in now.items():
        if status not in was:
            yield "breaking" if status.startswith("2") else "additive", f"It can now answer {status}."
            continue
        first, second = resolve(side.before, was[status]), resolve(side.after, answer)
        for header in mapping(first.get("headers")):
            if header not in mapping(second.get("headers")):
                yield "breaking", f'The response header "{header}" is gone.'
        yield from _content(side, f"{status} response", first, second)


def _content(side: Side, what: str, old: Schema, new: Schema) -> Iterator[tuple[Kind, str]]:
    """Compare what two bodies may be, by media type; equal schemas of several types are told once."""
    was, now = mapping(old.get("content")), mapping(new.get("content"))
    for media_type, described in was.items():
        if media_type in now:
            yield from compare(
                side, what, mapping(described).get("schema"), mapping(now[media_type]).get("schema")
            )
        elif now:
            yield "breaking", f"The {what} is no longer {media_type}."
    for media_type in now:
        if media_type not in was and was:
            kind: Kind = "additive" if side.direction == "request" else "breaking"
            yield kind, f"The {what} can now be {media_type}."
