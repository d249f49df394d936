"""The eight roles, in the order that a story meets them: one file each, and one for those that have no tools yet."""

from __future__ import annotations

from crew.agents import code, deployment, design, examples, governance, later, testing
from crew.agents.role import Role
from crew.state import RoleName

ROLES: dict[RoleName, Role] = {
    role.name: role
    for role in (
        design.ROLE,
        code.ROLE,
        testing.ROLE,
        governance.ROLE,
        later.PERFORMANCE,
        deployment.ROLE,
        later.RELIABILITY,
        later.COST,
    )
}

EXAMPLES: Role = examples.ROLE
"""A second task of the testing agent, before the code: it has a prompt, tools and an answer of its own."""
