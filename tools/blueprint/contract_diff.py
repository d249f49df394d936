"""Comparison of two versions of a service's contract, which reports the changes that its clients can notice.

A change is breaking if a correct client of the old contract can fail under the new one: the requests it may send
are narrowed, or the responses it must understand are widened. Whatever cannot be compared is reported as
incomparable, and a person decides. Components are compared where they are referenced.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from pydantic import BaseModel, JsonValue

from tools.blueprint.keyword_comparison import (
    Difference,
    Documents,
    IncomparableError,
    Kind,
    Object,
    Place,
    Rule,
    compare_keywords,
    compared_elsewhere,
    incomparable,
    is_annotation,
    resolve,
    to_object,
    typed,
)
from tools.blueprint.operation_security import SECURITY, security_of
from tools.blueprint.schema_compatibility import compare_schemas
from tools.blueprint.value_constraints import flag

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_EVERYWHERE = "All operations"
_NEW = "The operation is new."


class Change(BaseModel, frozen=True, extra="forbid"):
    """A difference between two contracts that clients can notice, or might notice if it is incomparable."""

    kind: Kind
    where: str
    """Method and path, such as "POST /orders"; "All operations" for the document as a whole."""
    what: str
    """Description of the change in one sentence."""

    @property
    def needs_person(self) -> bool:
        """Whether a person has to approve the change."""
        return self.kind != "additive"


def contract_changes(before: JsonValue, after: JsonValue) -> tuple[Change, ...]:
    """Return every change between two documents, removals first; if `before` is None, every operation is new.

    A document may be any YAML value: parts that cannot be interpreted are reported as incomparable changes.
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
    """Return the document as a JSON object, with string keys and with whole numbers as integers."""
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
    contract = Place(documents, "contract", documents.before, documents.after)
    for where in old:
        if where not in new:
            yield Change(kind="breaking", where=where, what="The operation is gone.")
    for where, operation in new.items():
        if where not in old:
            yield Change(kind="additive", where=where, what=_NEW)
            continue
        try:
            place = contract.at("operation", old[where], operation)
        except IncomparableError:
            yield _change(where, incomparable("operation"))
            continue
        for difference in compare_keywords(place, _OPERATION):
            yield _change(where, difference)
    for difference in compare_keywords(contract, _DOCUMENT):
        yield _change(_EVERYWHERE, difference)


def _change(where: str, difference: Difference) -> Change:
    return Change(kind=difference[0], where=where, what=difference[1])


def _version(document: Object) -> str:
    return ".".join(str(document.get("openapi")).split(".")[:2])


def _operations(document: Object) -> Object:
    """Return the operations, with inherited members, by method and path; unreadable path items are listed by path."""
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
    shared = typed(item.get("parameters", []), list)
    operations: Object = {}
    for method in (method for method in _METHODS if method in item):
        own = to_object(item[method])
        operations[f"{method.upper()} {path}"] = {
            **(inherited | own),
            "parameters": [*shared, *typed(own.get("parameters", []), list)],
            **security_of(document, own),
        }
    unknown = any(keyword != "parameters" and not is_annotation(keyword) for keyword in inherited)
    return operations or ({path: item} if unknown else {})


def _same_version(at: Place, keyword: str) -> Iterator[Difference]:
    if _version(at.old) != _version(at.new):
        raise IncomparableError
    yield from ()


def _parameters(at: Place, keyword: str) -> Iterator[Difference]:
    was, now = _by_name(at.documents.before, at.old), _by_name(at.documents.after, at.new)
    for key in was:
        if key not in now:
            yield "breaking", f'The parameter "{key[1]}" is gone.'
    for key, parameter in now.items():
        place = f'parameter "{key[1]}"'
        if key in was:
            yield from compare_keywords(at.at(place, was[key], parameter), _VALUE)
        elif typed(parameter.get("required", False), bool):
            yield "breaking", f"The {place} is new and required."
        else:
            yield "additive", f"The {place} is new."


def _by_name(document: Object, operation: Object) -> dict[tuple[str, str], Object]:
    """Return the parameters by location and name; parameters of the operation override those of the path."""
    parameters: dict[tuple[str, str], Object] = {}
    for value in typed(operation["parameters"], list):
        parameter = to_object(resolve(document, value))
        place, name = typed(parameter.get("in"), str), typed(parameter.get("name"), str)
        parameters[place, name.lower() if place == "header" else name] = parameter
    return parameters


def _body(at: Place, keyword: str) -> Iterator[Difference]:
    if keyword not in at.new:
        yield "breaking", "It no longer accepts a body."
        return
    body = at.at("request body", at.old.get(keyword, {}), at.new[keyword])
    needed_before, needed = body.values("required", bool)
    if needed and not needed_before:
        yield "breaking", "A body is now required."
    elif needed_before and not needed:
        yield "additive", "The body may now be left out."
    elif keyword not in at.old:
        yield "additive", "It can now take a body."
    if keyword in at.old:
        yield from compare_keywords(body, {"required": compared_elsewhere, "content": _content})


def _responses(at: Place, keyword: str) -> Iterator[Difference]:
    """Compare each status with the response that described it before: its own, that of its range or the default."""
    was, now = at.objects(keyword)
    for status in dict.fromkeys([*was, *now]):
        if status.startswith("x-"):
            continue
        before, after = _describing(was, status), _describing(now, status)
        if before is not None and after is not None:
            place = replace(at.at(f"{status} response", before, after), direction="response")
            yield from compare_keywords(place, _RESPONSE)
        else:
            yield (
                _of_status(status),
                f"It {'can now answer' if before is None else 'no longer answers'} {status}.",
            )


def _describing(responses: Object, status: str) -> JsonValue:
    return next((responses[key] for key in (status, f"{status[0]}XX", "default") if key in responses), None)


def _of_status(status: str) -> Kind:
    if status == "default":
        return "incomparable"
    return "breaking" if status.startswith("2") else "additive"


def _headers(at: Place, keyword: str) -> Iterator[Difference]:
    was, now = (
        {name.lower(): (name, value) for name, value in headers.items()} for headers in at.objects(keyword)
    )
    for key, (name, value) in was.items():
        if key in now:
            place = at.at(f'header "{name}" of the {at.what}', value, now[key][1])
            yield from compare_keywords(place, _VALUE)
        else:
            yield "breaking", f'The response header "{name}" is gone.'
    for key, (name, _) in now.items():
        if key not in was:
            yield "additive", f'The response header "{name}" is new.'


def _content(at: Place, keyword: str) -> Iterator[Difference]:
    """Compare two bodies by media type; a difference shared by several types is reported only once."""
    was, now = at.objects(keyword)
    for media_type, described in was.items():
        if media_type in now:
            place = at.at(at.what, described, now[media_type])
            yield from compare_keywords(place, {"schema": compare_schemas})
        else:
            yield "breaking", f"The {at.what} is no longer {media_type}."
    for media_type in now:
        if media_type not in was:
            yield at.wider, f"The {at.what} can now be {media_type}."


_DOCUMENT: dict[str, Rule] = {
    "openapi": _same_version,
    **dict.fromkeys(("paths", "security", "components"), compared_elsewhere),
}
_OPERATION: dict[str, Rule] = {
    **SECURITY,
    "parameters": _parameters,
    "requestBody": _body,
    "responses": _responses,
}
_VALUE: dict[str, Rule] = {"required": flag, "schema": compare_schemas}
_RESPONSE: dict[str, Rule] = {"headers": _headers, "content": _content}
