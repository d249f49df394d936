"""No confinement, for a person who asked for that: only limits, and killing of all processes."""

from __future__ import annotations

from tools.sandbox.base import Sandbox
from tools.sandbox.capabilities import describe
from tools.sandbox.filesystem import view
from tools.sandbox.landlock import scratch_folder
from tools.sandbox.launcher_payload import Plan
from tools.sandbox.model import Facts, Job


class Unconfined(Sandbox):
    """Runs a job with the rights of this user."""

    name = "none"

    def plan(self, job: Job) -> Plan:
        """Return how to limit a job."""
        return Plan(self.name, job, view(job), scratch_folder())

    def describe(self) -> Facts:
        """Describe what is enforced on this machine, and how."""
        end, gaps = (
            "a guard process that kills them",
            ("A job can read, change and send everything that you can.",),
        )
        facts = describe(self.name, "nothing", "nothing", end, own_world=False, gaps=gaps)
        return facts.model_copy(update={"enforced": facts.enforced | {"kernel": "nothing"}})
