"""What changed between two contracts of a service, seen by those who call it.

Breaking is what makes a correct client of the old contract fail under the new one: requests that it may send
are narrowed, or responses that it must understand are widened. What is not compared is not passed over: it is
incomparable, and a person decides. Components are compared where they are referred to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, JsonValue

from tools.blueprint.keyword_comparison import (
    Difference,
    Documents,
    IncomparableError,
    Kind,
    Object,
    Rule,
    Side,
    compare_keywords,
    flag,
    incomparable,
    is_annotation,
    resolve,
    to_flag,
    to_list,
    to_object,
    to_texts,
)
from tools.blueprint.operation_security import SECURITY, security_of
from tools.blueprint.schema_compatibility import compare_schemas

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_EVERYWHERE = "All operations"
_NEW = "The operation is new."


class Change(BaseModel):
    """One difference that a client can notice, or that may be one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    where: str
    """Method and path: "POST /orders"."""
    what: str
    """One plain sentence."""

    @property
    def needs_person(self) -> bool:
        """Whether a person has to approve it."""
        return self.kind != "additive"


def contract_changes(before: JsonValue, after: JsonValue) -> tuple[Change, ...]:
    """Return every change from one document to the next, removals first; None before means that all is new.

    A document may be anything that YAML can say: what cannot be read is an incomparable change.
    """
    try:
        documents = Documents(_json({} if before is None else before), _json(after))
        if before is None:
            return tuple(
                Change(kind="additive", where=where, what=_NEW) for where in _operations(documents.after)
            )
        if documents.same(documents.before, documents.after):
            return ()
        return tuple(dict.fromkeys(_changes(documents)))
    except (IncomparableError, RecursionError):
        return (_change(_EVERYWHERE, incomparable("contract")),)


def _json(document: JsonValue) -> Object:
    """Return the document with texts as keys, and whole numbers as integers."""
    try:
        text = json.dumps(document, default=str)
    except (TypeError, ValueError) as error:
        raise IncomparableError from error
    return to_object(json.loads(text, parse_float=_number, parse_constant=str))


def _number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _changes(documents: Documents) -> Iterator[Change]:
    if not all(_version(document) in ("3.0", "3.1") for document in (documents.before, documents.after)):
        raise IncomparableError
    old, new = _operations(documents.before), _operations(documents.after)
    for where in old:
        if where not in new:
            yield Change(kind="breaking", where=where, what="The operation is gone.")
    for where, operation in new.items():
        if where not in old:
            yield Change(kind="additive", where=where, what=_NEW)
            continue
        side = Side(documents, "request")
        try:
            before, after = side.objects(old[where], operation)
        except IncomparableError:
            yield _change(where, incomparable("operation"))
            continue
        for difference in compare_keywords(side, "operation", before, after, _OPERATION):
            yield _change(where, difference)
    for difference in compare_keywords(
        Side(documents, "request"), "contract", documents.before, documents.after, _DOCUMENT
    ):
        yield _change(_EVERYWHERE, difference)


def _change(where: str, difference: Difference) -> Change:
    return Change(kind=difference[0], where=where, what=difference[1])


def _version(document: Object) -> str:
    return ".".join(str(document.get("openapi")).split(".")[:2])


def _operations(document: Object) -> Object:
    """Return each operation by method and path, with what it inherits; a path that cannot be read, by its path."""
    operations: Object = {}
    for path, item in to_object(document.get("paths", {})).items():
        if path.startswith("x-"):
            continue
        try:
            operations |= _operations_of(document, path, to_object(resolve(document, item)))
        except IncomparableError:
            operations[path] = item
    return operations


def _operations_of(document: Object, path: str, item: Object) -> Object:
    inherited = {keyword: value for keyword, value in item.items() if keyword not in _METHODS}
    shared = to_list(item.get("parameters", []))
    operations: Object = {}
    for method in (method for method in _METHODS if method in item):
        own = to_object(item[method])
        operations[f"{method.upper()} {path}"] = {
            **(inherited | own),
            "parameters": [*shared, *to_list(own.get("parameters", []))],
            **security_of(document, own),
        }
    unknown = any(keyword != "parameters" and not is_annotation(keyword) for keyword in inherited)
    return operations or ({path: item} if unknown else {})


def _version_rule(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    if _version(old) != _version(new):
        raise IncomparableError
    yield from ()


def _compared_elsewhere(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    yield from ()


def _parameters(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    was, now = _by_name(side.documents.before, old), _by_name(side.documents.after, new)
    for key in was:
        if key not in now:
            yield "breaking", f'The parameter "{key[1]}" is gone.'
    for key, parameter in now.items():
        place = f'parameter "{key[1]}"'
        if key in was:
            yield from compare_keywords(side, place, was[key], parameter, _VALUE)
        elif to_flag(parameter.get("required", False)):
            yield "breaking", f"The {place} is new and required."
        else:
            yield "additive", f"The {place} is new."


def _by_name(document: Object, operation: Object) -> dict[tuple[str, str], Object]:
    """Return the parameters by place and name; those of the operation replace those of the path."""
    parameters: dict[tuple[str, str], Object] = {}
    for value in to_list(operation["parameters"]):
        parameter = to_object(resolve(document, value))
        place, name = to_texts([parameter.get("in"), parameter.get("name")])
        parameters[place, name.lower() if place == "header" else name] = parameter
    return parameters


def _schema(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    yield from compare_schemas(side, what, old.get("schema", True), new.get("schema", True))


def _body(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    if "requestBody" not in new:
        yield "breaking", "It takes no body any more."
        return
    was, now = side.objects(old.get("requestBody", {}), new["requestBody"])
    needed_before, needed = (to_flag(part.get("required", False)) for part in (was, now))
    if needed and not needed_before:
        yield "breaking", "A body is now required."
    elif needed_before and not needed:
        yield "additive", "The body may now be left out."
    elif "requestBody" not in old:
        yield "additive", "It can now take a body."
    if "requestBody" in old:
        yield from compare_keywords(
            side, "request body", was, now, {"required": _compared_elsewhere, "content": _content}
        )


def _responses(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    was, now = (
        {
            status: value
            for status, value in to_object(part.get("responses", {})).items()
            if not status.startswith("x-")
        }
        for part in (old, new)
    )
    for status in was:
        if status not in now:
            yield _of_status(status), f"It no longer answers {status}."
    for status, answer in now.items():
        if status in was:
            pair = side.objects(was[status], answer)
            yield from compare_keywords(
                replace(side, direction="response"), f"{status} response", *pair, _RESPONSE
            )
        else:
            yield _of_status(status), f"It can now answer {status}."


def _of_status(status: str) -> Kind:
    if status == "default":
        return "incomparable"
    return "breaking" if status.startswith("2") else "additive"


def _headers(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    was, now = (
        {name.lower(): (name, value) for name, value in to_object(part.get("headers", {})).items()}
        for part in (old, new)
    )
    for key, (name, value) in was.items():
        if key in now:
            pair = side.objects(value, now[key][1])
            yield from compare_keywords(side, f'header "{name}" of the {what}', *pair, _VALUE)
        else:
            yield "breaking", f'The response header "{name}" is gone.'
    for key, (name, _) in now.items():
        if key not in was:
            yield "additive", f'The response header "{name}" is new.'


def _content(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    """Compare what two bodies may be, by media type; equal schemas of several types are told once."""
    was, now = (to_object(part.get("content", {})) for part in (old, new))
    for media_type, described in was.items():
        if media_type in now:
            pair = side.objects(described, now[media_type])
            yield from compare_keywords(side, what, *pair, {"schema": _schema})
        else:
            yield "breaking", f"The {what} is no longer {media_type}."
    for media_type in now:
        if media_type not in was:
            yield side.wider, f"The {what} can now be {media_type}."


_DOCUMENT: dict[str, Rule] = {
    "openapi": _version_rule,
    "paths": _compared_elsewhere,
    "security": _compared_elsewhere,
    "components": _compared_elsewhere,
}
_OPERATION: dict[str, Rule] = {
    **SECURITY,
    "parameters": _parameters,
    "requestBody": _body,
    "responses": _responses,
}
_VALUE: dict[str, Rule] = {
    "required": flag("required", "is now required", "may now be left out"),
    "schema": _schema,
}
_RESPONSE: dict[str, Rule] = {"headers": _headers, "content": _content}
