"""No confinement, for a person who asked for that: only limits, and killing of all processes."""

from __future__ import annotations

from pathlib import Path

from tools.sandbox.capabilities import describe
from tools.sandbox.filesystem import view
from tools.sandbox.landlock import scratch_folder
from tools.sandbox.launcher import launch, log_file
from tools.sandbox.launcher_payload import Plan
from tools.sandbox.model import Completed, Facts, Job
from tools.sandbox.started_job import StartedJob, run_to_end


class Unconfined:
    """See `tools.sandbox.Sandbox`."""

    name = "none"

    def run(self, job: Job) -> Completed:
        """Run a job to completion."""
        return run_to_end(launch(Plan(self.name, job, view(job), scratch_folder())), job)

    def start(self, job: Job, log: Path) -> StartedJob:
        """Start a job, its output appended to `log`."""
        plan = Plan(self.name, job, view(job), scratch_folder())
        handle = log_file(log)
        return StartedJob(launch(plan, log=handle), handle, log)

    def describe(self) -> Facts:
        """Describe what is enforced on this machine, and how."""
        facts = describe(self.name, "nothing", "nothing", "a guard process that kills them", own_world=False)
        gaps = ("A job can read, change and send everything that you can.",)
        return facts.model_copy(update={"enforced": facts.enforced | {"kernel": "nothing"}, "gaps": gaps})
