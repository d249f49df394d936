"""Confining a job with the kernel's namespaces alone; requires no installation."""

from __future__ import annotations

from tools.sandbox.base import Sandbox
from tools.sandbox.capabilities import describe
from tools.sandbox.filesystem import view
from tools.sandbox.launcher_payload import Plan
from tools.sandbox.model import Facts, Job


class Namespaces(Sandbox):
    """Confines a job with namespaces that the launcher sets up."""

    name = "namespaces"

    def plan(self, job: Job) -> Plan:
        """Return how to confine a job."""
        return Plan(self.name, job, view(job))

    def describe(self) -> Facts:
        """Describe what is enforced on this machine, and how."""
        return describe(self.name, "mount namespace", "network namespace", "process namespace")
