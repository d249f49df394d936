"""The abstract base class of sandboxes, all of which run jobs through the launcher."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from tools.sandbox.launcher import Wrapping, launch, log_file
from tools.sandbox.launcher_payload import Plan
from tools.sandbox.model import Completed, Facts, Job
from tools.sandbox.started_job import StartedJob, run_to_end


class Sandbox(ABC):
    """A way of confining jobs; subclasses define it by `plan` and, optionally, `wrapping`.

    `run` and `start` raise `JobRefused` if the job requests something that the sandbox does not allow, and
    `SandboxFailed` if the sandbox itself cannot be set up.
    """

    name: str
    """Name of the sandbox: "bubblewrap", "namespaces", "landlock" or "none"."""

    def run(self, job: Job) -> Completed:
        """Run a job to completion; its processes are killed when it ends or the calling process exits."""
        plan = self.plan(job)
        return run_to_end(launch(plan, self.wrapping(plan)), job)

    def start(self, job: Job, log: Path) -> StartedJob:
        """Start a job and append its output to `log`; the job is killed when the calling process exits.

        `log` may be a named pipe, which must already have a reader.
        """
        plan = self.plan(job)
        handle = log_file(log)
        return StartedJob(launch(plan, self.wrapping(plan), handle), handle, log)

    @abstractmethod
    def describe(self) -> Facts:
        """Return what the sandbox enforces on this machine, and by what means."""

    @abstractmethod
    def plan(self, job: Job) -> Plan:
        """Return the plan for confining a job; raises JobRefused if the job is not allowed."""

    def wrapping(self, plan: Plan) -> Wrapping | None:
        """Return the program that wraps the launcher, or None if the launcher is started directly."""
        return None
