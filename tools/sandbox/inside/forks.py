"""Limits the number of processes and threads if neither a cgroup nor an rlimit does.

(An rlimit does not apply to the host's root user, and for other users it also counts processes outside the job.)
"""

from __future__ import annotations

import time

from tools.sandbox.inside import process_group, watchdog

_ON_THE_WAY_SECONDS = 0.05
"""How long a newly allowed process may take to appear in /proc."""


class Forks:
    """Decides whether a job may have one more process or thread."""

    def __init__(self, limit: int) -> None:
        """Set the maximum number of concurrent processes and threads."""
        self._limit = limit
        self._left = 0
        """Number of processes and threads that can be allowed before the existing ones must be counted again."""
        self._allowed_at: list[float] = []

    def allow(self) -> bool:
        """Return whether one more process or thread is allowed; if so, it is counted from now on."""
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
