"""Generates the tests of access control: no token, an invalid token, another role and the required role."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tools.blueprint.model import Access, Criterion, Entity
from tools.stacks.fastapi.pytest_source import Case, Values, literal
from tools.stacks.fastapi.suite.suite import Suite

BAD_TOKENS = (
    "garbage",
    "unsigned",
    "of another secret",
    "of another algorithm",
    "expired",
    "of another scheme",
)
"""Keys of the dictionary `BAD_TOKENS` in the generated tests."""


def access_cases(
    suite: Suite, criterion: Criterion, entity: Entity, access: Access, *, alone: bool
) -> Iterator[Case]:
    """Yield tests that allowed roles are accepted and all other callers are rejected.

    `alone` says whether the criterion covers only this operation, so that test names need not mention it.
    """
    scenario = suite.plain(entity, access.operation)
    if scenario is None:
        return
    about = "" if alone else f"{access.operation} "
    for aspect, header, status, values in (
        *bad_callers(suite, access.roles),
        ("without roles", "bearer()", 403, ()),
    ):
        lines = suite.refusal(scenario, status, caller=f"api.calling_with({header})")
        yield Case(criterion, about + aspect, tuple(lines), values)
    yield Case(
        criterion,
        f"{about}with the role",
        tuple(suite.success(scenario, access.operation, caller="api.calling_with(bearer(value))")),
        tuple((each, each) for each in access.roles),
    )


def bad_callers(suite: Suite, roles: Sequence[str]) -> tuple[tuple[str, str, int, Values], ...]:
    """Return the aspect, header, expected status and parametrized values of each kind of caller that is rejected."""
    others = [each for each in suite.blueprint.roles if each not in roles]
    return (
        ("without a token", "None", 401, ()),
        ("with a bad token", "BAD_TOKENS[value]", 401, tuple((each, each) for each in BAD_TOKENS)),
        ("with another role", f"bearer({literal(others[0] if others else 'nobody')})", 403, ()),
    )
