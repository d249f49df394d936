"""Comparison of an operation's security requirements: the security schemes and roles that a caller needs."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from tools.blueprint.keyword_comparison import (
    Difference,
    Object,
    Place,
    Rule,
    compare_keywords,
    to_object,
    to_texts,
    typed,
)

_SCHEMES = "security schemes"
"""Key, not defined by OpenAPI, under which an operation keeps references to the schemes that its `security` names."""
_Alternative = tuple[tuple[str, tuple[str, ...]], ...]
"""One alternative of `security`: every security scheme that it requires, with the scopes or roles."""


def security_of(document: Object, operation: Object) -> Object:
    """Return an operation's security requirements, inherited from the document if it has none, and their schemes."""
    security = typed(operation.get("security", document.get("security", [])), list)
    names = {name for requirement in security for name in to_object(requirement)}
    schemes: Object = {name: {"$ref": f"#/components/securitySchemes/{name}"} for name in names}
    return {"security": security, _SCHEMES: schemes}


def _schemes(at: Place, keyword: str) -> Iterator[Difference]:
    """Compare the definitions of the security schemes that are required both before and after."""
    was, now = at.objects(keyword)
    for name in sorted(was.keys() & now.keys()):
        yield from compare_keywords(at.at(f"security scheme `{name}`", was[name], now[name]), {})


def _security(at: Place, keyword: str) -> Iterator[Difference]:
    was, now = map(_alternatives, at.values(keyword, list))
    open_before, open_now = not was or () in was, not now or () in now
    if open_before and not open_now:
        yield "breaking", f"It now needs the {_named(now)}."
    elif open_now and not open_before:
        yield "additive", "It is now open to everyone."
    else:
        for alternative in was:
            if alternative and alternative not in now:
                yield "breaking", f"The {_named([alternative])} is no longer enough."
        for alternative in now:
            if alternative and alternative not in was:
                yield "additive", f"The {_named([alternative])} is now enough."


def _alternatives(security: list[JsonValue]) -> list[_Alternative]:
    return [
        tuple(
            sorted((name, tuple(sorted(to_texts(scopes)))) for name, scopes in to_object(requirement).items())
        )
        for requirement in security
    ]


def _named(alternatives: list[_Alternative]) -> str:
    """Describe alternatives as "role clerk or admin" if all of them name scopes, else as "security scheme apiKey"."""
    roles = [
        " and ".join(role for _, scopes in alternative for role in scopes) for alternative in alternatives
    ]
    if all(roles):
        return f"role {' or '.join(roles)}"
    schemes = [" and ".join(scheme for scheme, _ in alternative) for alternative in alternatives]
    return f"security scheme {' or '.join(schemes)}"


SECURITY: dict[str, Rule] = {"security": _security, _SCHEMES: _schemes}
