"""Monitors a job's resources and detects when a limit is exceeded."""

from __future__ import annotations

import os
import time

from tools.sandbox.inside import scratch
from tools.sandbox.inside.order import Order

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
CALM_SECONDS = 0.1
_ALERT_SECONDS = 0.02
"""Check interval once half of the memory or processes is used: a process can fill some 3 GB per second."""

_SCRATCH_SECONDS = 0.5


class Usage:
    """Total resource usage of a job's processes."""

    def __init__(self) -> None:
        """Set all totals to zero."""
        self.memory_bytes = 0
        self.threads = 0
        self.cpu_seconds = 0.0
        self.own_cpu_seconds: dict[tuple[int, bytes], float] = {}
        """CPU time of each living process without its children, by process id and start time."""


def measure(processes: list[int]) -> Usage:
    """Return the total usage of the processes and of exited children; shared pages are counted for each process."""
    usage = Usage()
    ended = os.times()
    usage.cpu_seconds = ended.children_user + ended.children_system
    for process in processes:
        fields = stat(process)
        if fields:
            usage.cpu_seconds += sum(map(int, fields[11:15])) / _TICKS
            usage.own_cpu_seconds[process, fields[19]] = sum(map(int, fields[11:13])) / _TICKS
            usage.threads += int(fields[17])
            usage.memory_bytes += int(fields[21]) * _PAGE
    return usage


def stat(process: int) -> list[bytes]:
    """Return the fields of /proc/PID/stat starting with the state, or an empty list if the process is gone."""
    try:
        handle = os.open(f"/proc/{process}/stat", os.O_RDONLY)
    except OSError:
        return []
    try:
        return os.read(handle, 4096).rpartition(b")")[2].split()
    except OSError:
        return []
    finally:
        os.close(handle)


def kills_for_memory(oom_events: int | None) -> bool:
    """Return whether the `oom_kill` counter of an open cgroup file is above 0; False without a file."""
    if oom_events is None:
        return False
    lines = os.pread(oom_events, 4096, 0).splitlines()
    return any(line.startswith(b"oom_kill ") and line != b"oom_kill 0" for line in lines)


def counted_cpu_seconds(cpu_usage: int) -> float:
    """Return the CPU time in an open cgroup file: `cpu.stat` of version 2, or `cpuacct.usage` of version 1."""
    first = os.pread(cpu_usage, 4096, 0).split(b"\n")[0].split()
    return int(first[1]) / 1e6 if first[0] == b"usage_usec" else int(first[0]) / 1e9


class Watch:
    """Checks the usage of one job against its limits."""

    def __init__(self, order: Order, forks_are_held: bool) -> None:
        """Start the clock; if something else limits forks (`forks_are_held`), twice as many threads are tolerated."""
        self._order = order
        self._most_threads = order.process_limit * (2 if forks_are_held else 1)
        self._began = self._due = self._next_scratch = time.monotonic()
        self._living: dict[tuple[int, bytes], float] = {}
        self._ended_cpu_seconds = 0.0
        """CPU time of the exited processes, as of when each was last seen."""

    def seconds_left(self) -> float:
        """Return the seconds until the next check, or 0 if it is due."""
        return max(0.0, self._due - time.monotonic())

    def exceeded(self, processes: list[int]) -> str:
        """Check all limits; returns the ending of the job if it has exceeded one, otherwise ""."""
        order = self._order
        now = time.monotonic()
        end = self._began + order.wall_seconds if order.wall_seconds is not None else now + CALM_SECONDS
        if now >= end:
            return "timed_out"
        if self.out_of_memory():
            return "out_of_memory"
        usage = measure(processes)
        if self._cpu_seconds(usage) > order.cpu_seconds:
            return "timed_out"
        if order.memory_bytes is not None and usage.memory_bytes > order.memory_bytes:
            usage.memory_bytes = sum(map(_own_memory, processes))
            if usage.memory_bytes > order.memory_bytes:
                return "out_of_memory"
        if order.process_bound != "cgroup" and usage.threads > self._most_threads:
            return "killed"
        if self._scratch_is_full():
            return "killed"
        self._due = min(end, now + (_ALERT_SECONDS if self._is_high(usage) else CALM_SECONDS))
        return ""

    def out_of_memory(self) -> bool:
        """Return whether the kernel has killed a process of the cgroup for lack of memory."""
        return kills_for_memory(self._order.oom_events)

    def _cpu_seconds(self, usage: Usage) -> float:
        """Return the CPU time of all processes so far.

        The kernel adds the CPU time of exited children to their parent only if the parent waits for them, not if it
        ignores SIGCHLD. Without a cgroup, each exited process therefore counts with the CPU time last seen.
        """
        if self._order.cpu_usage is not None:
            return counted_cpu_seconds(self._order.cpu_usage)
        living = usage.own_cpu_seconds
        self._ended_cpu_seconds += sum(self._living[each] for each in self._living.keys() - living.keys())
        self._living = living
        return max(usage.cpu_seconds, self._ended_cpu_seconds + sum(living.values()))

    def _scratch_is_full(self) -> bool:
        """Return whether the scratch folder is too large; checked at intervals, and only if nothing else limits it."""
        if not self._order.scratch or time.monotonic() < self._next_scratch:
            return False
        began = time.monotonic()
        full = scratch.size(self._order.scratch) > self._order.scratch_bytes
        self._next_scratch = time.monotonic() + _SCRATCH_SECONDS + 10 * (time.monotonic() - began)
        return full

    def _is_high(self, usage: Usage) -> bool:
        order = self._order
        return (order.memory_bytes is not None and 2 * usage.memory_bytes > order.memory_bytes) or (
            order.process_bound != "cgroup" and 2 * usage.threads > order.process_limit
        )


def _own_memory(process: int) -> int:
    """Return a process's memory in bytes, with shared pages counted proportionally (slower than the plain count)."""
    try:
        handle = os.open(f"/proc/{process}/smaps_rollup", os.O_RDONLY)
    except OSError:
        return 0
    try:
        for line in os.read(handle, 4096).splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    finally:
        os.close(handle)
    return 0
