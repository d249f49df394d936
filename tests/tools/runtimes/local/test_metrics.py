from __future__ import annotations

import pytest

from tools.runtimes.local.metrics import Metrics, exposition, status_class


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (100, "1xx"),
        (200, "2xx"),
        (299, "2xx"),
        (304, "3xx"),
        (404, "4xx"),
        (500, "5xx"),
        (599, "5xx"),
        (999, "5xx"),
    ],
)
def test_classes(status: int, expected: str) -> None:
    assert status_class(status) == expected


def test_exposition_adds_the_buckets_up() -> None:
    metrics = Metrics("checkout", "production", "v1")
    for outcome, seconds in (("2xx", 0.0005), ("2xx", 0.001), ("5xx", 0.3), ("away", 60.0)):
        metrics.add(outcome, seconds)  # type: ignore[arg-type]

    lines = exposition([metrics]).splitlines()

    labels = 'service="checkout",environment="production",version="v1"'
    assert f'shipcrew_requests_total{{{labels},outcome="2xx"}} 2' in lines
    assert f'shipcrew_requests_total{{{labels},outcome="4xx"}} 0' in lines
    assert f'shipcrew_requests_total{{{labels},outcome="away"}} 1' in lines
    name = "shipcrew_request_duration_seconds"
    assert f'{name}_bucket{{{labels},le="0.001"}} 2' in lines
    assert f'{name}_bucket{{{labels},le="0.25"}} 2' in lines
    assert f'{name}_bucket{{{labels},le="0.5"}} 3' in lines
    assert f'{name}_bucket{{{labels},le="+Inf"}} 4' in lines
    assert f"{name}_sum{{{labels}}} 60.301500" in lines
    assert f"{name}_count{{{labels}}} 4" in lines
    assert len(lines) == len(set(lines))


def test_nothing_measured_is_still_an_exposition() -> None:
    assert "# TYPE shipcrew_requests_total counter" in exposition([])
