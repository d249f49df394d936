"""Sandboxes: the only place where generated or otherwise untrusted code runs.

A job sees the system's libraries and the base Python interpreter read-only, the folders it names at their real
paths, a private scratch folder as `TMPDIR`, and nothing else. `.git` folders are always hidden.
"""

from __future__ import annotations

from tools.sandbox.base import Sandbox
from tools.sandbox.model import Completed, Ending, Facts, Job, Limits
from tools.sandbox.selection import choose
from tools.sandbox.started_job import StartedJob

__all__ = ["Completed", "Ending", "Facts", "Job", "Limits", "Sandbox", "StartedJob", "choose"]
