"""The eight roles in delivery order, each in its own module; those that have no tools yet share the module `later`."""

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
"""The testing agent's first task, before the code is written, with its own prompt, tools and answer."""
