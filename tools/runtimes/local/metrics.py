"""The router's metrics for each version: numbers of responses by outcome, and their durations."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Literal

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency buckets in seconds; an unbounded one follows."""

Outcome = Literal["1xx", "2xx", "3xx", "4xx", "5xx", "away", "left"]
"""The status class of the version's response, "away" if the router itself had to respond with 502, 503 or 504, or
"left" if the client disconnected before the response."""

OUTCOMES: tuple[Outcome, ...] = ("1xx", "2xx", "3xx", "4xx", "5xx", "away", "left")
_CLASSES: tuple[Outcome, ...] = ("1xx", "2xx", "3xx", "4xx", "5xx")


def status_class(status: int) -> Outcome:
    """Return the class of an HTTP status, such as "2xx" for 204; a status outside 100-599 counts as "5xx"."""
    return _CLASSES[status // 100 - 1] if 100 <= status <= 599 else "5xx"


@dataclass
class Metrics:
    """Monotonic counters for the responses of one version."""

    service: str
    environment: str
    version: str
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    """Number of responses in each bucket, not cumulative."""
    seconds: float = 0.0
    """Total duration of all responses, from the request's head to the last byte of the response."""

    def add(self, outcome: Outcome, seconds: float) -> None:
        """Count a response and its duration in seconds."""
        self.counts[outcome] += 1
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


def exposition(metrics: list[Metrics]) -> str:
    """Return the metrics in the Prometheus text format."""
    lines = [
        "# HELP shipcrew_requests_total Answers by version and outcome.",
        "# TYPE shipcrew_requests_total counter",
    ]
    for version in metrics:
        lines += [
            f'shipcrew_requests_total{{{_labels(version)},outcome="{outcome}"}} {count}'
            for outcome, count in version.counts.items()
        ]
    lines += [
        "# HELP shipcrew_request_duration_seconds Time to the last byte of the answer.",
        "# TYPE shipcrew_request_duration_seconds histogram",
    ]
    for version in metrics:
        lines += _histogram(version)
    return "\n".join(lines) + "\n"


def _histogram(version: Metrics) -> list[str]:
    name, labels, total, lines = "shipcrew_request_duration_seconds", _labels(version), 0, []
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), version.buckets, strict=True):
        total += count
        lines.append(f'{name}_bucket{{{labels},le="{bound}"}} {total}')
    return [*lines, f"{name}_sum{{{labels}}} {version.seconds:.6f}", f"{name}_count{{{labels}}} {total}"]


def _labels(version: Metrics) -> str:
    # Names and versions are validated on input and contain nothing that needs escaping.
    return f'service="{version.service}",environment="{version.environment}",version="{version.version}"'
