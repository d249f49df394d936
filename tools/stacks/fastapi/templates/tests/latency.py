"""Measures how quickly a served operation answers at a given rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import httpx

Call = Callable[[], httpx.Response]

SECONDS = 2.0
WINDOWS = 3
"""The best of so many: what another program on this machine does is not the service's fault."""


def latency_ms(
    prepare: Callable[[], Call], *, per_second: float, percentile: float, enough: float
) -> float:
    """Return a percentile of the time in milliseconds from when a request is due to its answer.

    Requests are due at a steady rate for a few seconds, whether or not the ones before are answered.
    A result up to `enough` is taken at once; otherwise the best of several.
    """
    count = max(20, min(200, round(per_second * SECONDS)))
    accept(prepare()())
    found: list[float] = []
    while len(found) < WINDOWS and (not found or found[-1] > enough):
        found.append(_window(prepare, count, per_second, percentile))
    return min(found)


def accept(response: httpx.Response) -> None:
    """Check that a measured request succeeded."""
    assert response.status_code < 300, response.text


def _window(prepare: Callable[[], Call], count: int, per_second: float, percentile: float) -> float:
    calls = [prepare() for _ in range(count)]
    start = time.perf_counter()
    latencies, responses = [], []
    for number, call in enumerate(calls):
        due = start + number / per_second
        time.sleep(max(0.0, due - time.perf_counter()))
        responses.append(call())
        latencies.append((time.perf_counter() - due) * 1000)
    for response in responses:
        accept(response)
    return sorted(latencies)[math.ceil(len(latencies) * percentile / 100) - 1]
