"""Confining a job with the kernel's namespaces alone; requires no installation."""

from __future__ import annotations

from pathlib import Path

from tools.sandbox.capabilities import describe
from tools.sandbox.filesystem import view
from tools.sandbox.launcher import launch, log_file
from tools.sandbox.launcher_payload import Plan
from tools.sandbox.model import Completed, Facts, Job
from tools.sandbox.started_job import StartedJob, run_to_end


class Namespaces:
    """See `tools.sandbox.Sandbox`."""

    name = "namespaces"

    def run(self, job: Job) -> Completed:
        """Run a job to completion."""
        return run_to_end(launch(Plan(self.name, job, view(job))), job)

    def start(self, job: Job, log: Path) -> StartedJob:
        """Start a job, its output appended to `log`."""
        plan = Plan(self.name, job, view(job))
        handle = log_file(log)
        return StartedJob(launch(plan, log=handle), handle, log)

    def describe(self) -> Facts:
        """Describe what is enforced on this machine, and how."""
        return describe(self.name, "mount namespace", "network namespace", "process namespace")
