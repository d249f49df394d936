"""Limits the number of processes and threads if neither a cgroup nor an rlimit does.

(The kernel counts no processes of the machine's root, and of other users it counts those outside the job too.)
"""

from __future__ import annotations

import time

from tools.sandbox.inside import process_group, watchdog

_ON_THE_WAY_SECONDS = 0.05
"""How long an allowed process may take to become visible."""


class Forks:
    """Decides whether a job may have one more process or thread."""

    def __init__(self, limit: int) -> None:
        """Set the maximum number of concurrent processes and threads."""
        self._limit = limit
        self._left = 0
        """How many more can be allowed before they must be counted again."""
        self._allowed_at: list[float] = []

    def allow(self) -> bool:
        """Return whether one more is allowed."""
        now = time.monotonic()
        self._allowed_at = [at for at in self._allowed_at if now - at < _ON_THE_WAY_SECONDS]
        if self._left <= 0:
            threads = watchdog.measure(process_group.members()).threads
            self._left = self._limit - threads - len(self._allowed_at)
        if self._left <= 0:
            return False
        self._left -= 1
        self._allowed_at.append(now)
        return True
