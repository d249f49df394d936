"""A sandbox without confinement, for explicit requests only: it enforces limits and kills leftover processes."""

from __future__ import annotations

from tools.sandbox.base import Sandbox
from tools.sandbox.capabilities import describe
from tools.sandbox.filesystem import view
from tools.sandbox.landlock import scratch_folder
from tools.sandbox.launcher_payload import Plan
from tools.sandbox.model import Facts, Job


class Unconfined(Sandbox):
    """A sandbox that runs a job with all the rights of this user, subject only to the job's limits."""

    name = "none"

    def plan(self, job: Job) -> Plan:
        """Return the plan for running a job with limits but without confinement."""
        return Plan(self.name, job, view(job), scratch_folder())

    def describe(self) -> Facts:
        """Return what the sandbox enforces on this machine, and by what means."""
        end, gaps = (
            "a guard process that kills them",
            ("A job can read, change and send everything that you can.",),
        )
        facts = describe(self.name, "nothing", "nothing", end, own_world=False, gaps=gaps)
        return facts.model_copy(update={"enforced": facts.enforced | {"kernel": "nothing"}})
