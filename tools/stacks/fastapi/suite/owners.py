"""Generates the tests of ownership: requests by the owner, other owners and allowed roles, and without a token."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.blueprint.model import Access, Criterion, Entity
from tools.blueprint.names import collection_path
from tools.blueprint.scenarios import Scenario
from tools.blueprint.simulated_requests import Create
from tools.stacks.fastapi.pytest_source import Case, factory, literal
from tools.stacks.fastapi.suite.access import bad_callers
from tools.stacks.fastapi.suite.suite import NOWHERE, Suite, owner_member, success_status

_CALLER = "api.calling_with({header})"


def owner_cases(
    suite: Suite, criterion: Criterion, entity: Entity, access: Access, *, alone: bool
) -> Iterator[Case]:
    """Yield tests that the owner and the allowed roles are accepted, and everybody else is rejected."""
    scenario = suite.plain(entity, access.operation)
    if scenario is None:
        return
    about = "" if alone else f"{access.operation} "
    body = _body(suite, scenario)
    owner = f'{"body" if body else scenario.final.name}["{owner_member(entity)}"]'
    another = _another(suite, entity, access.owner)
    refused = (
        *(
            (aspect, header, status, values)
            for aspect, header, status, values in bad_callers(suite, access.roles)[:2]
        ),
        (f"by another {access.owner}", f"bearer(subject={another})", 403, ()),
        ("with another role", f'bearer("nobody", subject={another})', 403, ()),
        ("without a subject that is the owner", "bearer()", 403, ()),
    )
    for aspect, header, status, values in refused:
        lines = suite.refusal(scenario, status, caller=_CALLER.format(header=header))
        yield Case(criterion, about + aspect, tuple(lines), values)
    accepted: list[tuple[str, str, tuple[str, ...]]] = [
        (f"by the {access.owner}", f"bearer(subject={owner})", ()),
        *([("with the role", f"bearer(value, subject={another})", access.roles)] if access.roles else []),
    ]
    for aspect, header, roles in accepted:
        call = suite.script.final(scenario).removeprefix("api")
        call = call.replace(body, "body") if body else call
        lines = [
            *suite.script.setup(scenario),
            *([f"body = {body}"] if body else []),
            "",
            f"response = {_CALLER.format(header=header)}{call}",
            "",
            f"accepted(response{success_status(entity, access.operation)})",
        ]
        yield Case(criterion, about + aspect, tuple(lines), tuple((each, each) for each in roles))
    if access.operation != "create":
        yield Case(
            criterion, f"{about}of an unknown {entity.name}", (_unknown(suite, entity, scenario, another),)
        )


def _body(suite: Suite, scenario: Scenario) -> str:
    """Return the source of the body of a create request, or "" for any other request."""
    if not isinstance(scenario.final, Create):
        return ""
    found = re.fullmatch(r'api\.post\("[^"]*", (.*)\)', suite.script.final(scenario))
    return found[1] if found else ""


def _another(suite: Suite, entity: Entity, owner: str) -> str:
    """Return the source of another owner's token subject: the id of a new resource if owners are resources."""
    reference = entity.reference(owner)
    if reference is None or not suite.makes(suite.entity(reference.target)):
        return literal("another")
    return f'make_{factory(reference.target)}(api)["id"]'


def _unknown(suite: Suite, entity: Entity, scenario: Scenario, another: str) -> str:
    """Return the assertion that the status for an unknown resource is 404, even if the caller is not the owner."""
    path = collection_path(entity.name)
    call = suite.script.final(scenario).removeprefix("api")
    call = call.replace(f"{path}/{{{scenario.final.name}['id']}}", f"{path}/{NOWHERE}").replace('f"', '"', 1)
    return f"refused({_CALLER.format(header=f'bearer(subject={another})')}{call}, 404)"
