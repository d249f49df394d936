"""A sandbox based on the kernel's namespaces alone, which requires no additional software."""

from __future__ import annotations

from tools.sandbox.base import Sandbox
from tools.sandbox.capabilities import describe
from tools.sandbox.filesystem import view
from tools.sandbox.launcher_payload import Plan
from tools.sandbox.model import Facts, Job


class Namespaces(Sandbox):
    """A sandbox that confines a job in namespaces set up by the launcher."""

    name = "namespaces"

    def plan(self, job: Job) -> Plan:
        """Return the plan for confining a job."""
        return Plan(self.name, job, view(job))

    def describe(self) -> Facts:
        """Return what the sandbox enforces on this machine, and by what means."""
        return describe(self.name, "mount namespace", "network namespace", "process namespace")
