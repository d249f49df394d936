"""Where code that the crew generated, or that a story brought, runs: nowhere else.

A job sees the system's libraries and the base Python interpreter read-only, the folders it names at their real
paths, a private scratch folder as `TMPDIR`, and nothing more. `.git` folders are never among them.
"""

from __future__ import annotations

from tools.sandbox.model import Completed, Ending, Facts, Job, Limits, Running, Sandbox
from tools.sandbox.selection import choose

__all__ = ["Completed", "Ending", "Facts", "Job", "Limits", "Running", "Sandbox", "choose"]
