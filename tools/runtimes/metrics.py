"""What the router counted for each version: answers by status class, and how long they took."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Literal

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the latency buckets in seconds; one more, open, follows."""

Outcome = Literal["1xx", "2xx", "3xx", "4xx", "5xx", "away", "left"]
"""A status class of the version's own answer; "away" where the router had to answer 502, 503 or 504 itself,
"left" where the client went before the answer was there."""

OUTCOMES: tuple[Outcome, ...] = ("1xx", "2xx", "3xx", "4xx", "5xx", "away", "left")
_CLASSES: tuple[Outcome, ...] = ("1xx", "2xx", "3xx", "4xx", "5xx")


def status_class(status: int) -> Outcome:
    """Return the class of an HTTP status, 204 being "2xx"; one outside 100 to 599 counts as "5xx"."""
    return _CLASSES[status // 100 - 1] if 100 <= status <= 599 else "5xx"


@dataclass
class Measures:
    """Counters of one version, which only grow."""

    service: str
    environment: str
    version: str
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    """How many answers fell into each bucket, not summed up."""
    seconds: float = 0.0
    """Time of all answers together, from the request's head to the answer's last byte."""

    def add(self, outcome: Outcome, seconds: float) -> None:
        """Count one answer."""
        self.counts[outcome] += 1
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


def exposition(measures: list[Measures]) -> str:
    """Return the measures in Prometheus' text format."""
    lines = [
        "# HELP shipcrew_requests_total Answers by version and outcome.",
        "# TYPE shipcrew_requests_total counter",
    ]
    for each in measures:
        lines += [
            f'shipcrew_requests_total{{{_labels(each)},outcome="{outcome}"}} {count}'
            for outcome, count in each.counts.items()
        ]
    lines += [
        "# HELP shipcrew_request_duration_seconds Time to the last byte of the answer.",
        "# TYPE shipcrew_request_duration_seconds histogram",
    ]
    for each in measures:
        lines += _histogram(each)
    return "\n".join(lines) + "\n"


def _histogram(each: Measures) -> list[str]:
    name, labels, total, lines = "shipcrew_request_duration_seconds", _labels(each), 0, []
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), each.buckets, strict=True):
        total += count
        lines.append(f'{name}_bucket{{{labels},le="{bound}"}} {total}')
    return [*lines, f"{name}_sum{{{labels}}} {each.seconds:.6f}", f"{name}_count{{{labels}}} {total}"]


def _labels(each: Measures) -> str:
    # Names and versions are checked on entry and hold nothing that would need escaping.
    return f'service="{each.service}",environment="{each.environment}",version="{each.version}"'
