"""The eight roles, one file each, in the order that a story meets them."""

from __future__ import annotations

from crew.agents import (
    code,
    cost,
    deployment,
    design,
    examples,
    governance,
    performance,
    reliability,
    testing,
)
from crew.agents.role import Role
from crew.state import RoleName

ROLES: dict[RoleName, Role] = {
    module.ROLE.name: module.ROLE
    for module in (design, code, testing, governance, performance, deployment, reliability, cost)
}

EXAMPLES: Role = examples.ROLE
"""A second task of the testing agent, before the code: it has a prompt, tools and an answer of its own."""
