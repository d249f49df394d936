"""The interface of sandboxes, all of which run a job with the launcher."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from tools.sandbox.launcher import Wrapping, launch, log_file
from tools.sandbox.launcher_payload import Plan
from tools.sandbox.model import Completed, Facts, Job
from tools.sandbox.started_job import StartedJob, run_to_end


class Sandbox(ABC):
    """One way of confining a job, given by `plan` and `wrapping`.

    `run` and `start` raise `JobRefused` for a job that asks for something a sandbox does not allow, and
    `SandboxFailed` if the sandbox itself cannot be set up.
    """

    name: str
    """"bubblewrap", "namespaces", "landlock" or "none"."""

    def run(self, job: Job) -> Completed:
        """Run a job to completion. All of its processes die with it, and with this process."""
        plan = self.plan(job)
        return run_to_end(launch(plan, self.wrapping(plan)), job)

    def start(self, job: Job, log: Path) -> StartedJob:
        """Start a job, its output appended to `log`; it dies with the calling process.

        A `log` may be a named pipe, which must have a reader.
        """
        plan = self.plan(job)
        handle = log_file(log)
        return StartedJob(launch(plan, self.wrapping(plan), handle), handle, log)

    @abstractmethod
    def describe(self) -> Facts:
        """Describe what is enforced on this machine, and how."""

    @abstractmethod
    def plan(self, job: Job) -> Plan:
        """Return how to confine a job; raises JobRefused."""

    def wrapping(self, plan: Plan) -> Wrapping | None:
        """Return the program that starts the launcher, or None if it is started directly."""
        return None
