"""The playbooks of the offline model, one module per role."""

from __future__ import annotations

from crew.playbooks.code import code
from crew.playbooks.deployment import deployment
from crew.playbooks.design import design
from crew.playbooks.governance import governance
from crew.playbooks.script import Playbook
from crew.playbooks.testing import testing

PLAYBOOKS: dict[str, Playbook] = {
    "design": design,
    "code": code,
    "testing": testing,
    "governance": governance,
    "deployment": deployment,
}
