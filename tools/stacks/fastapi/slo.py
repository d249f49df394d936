"""Generates `slo.yaml`, the service level objectives in the OpenSLO v1 format."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import yaml

from tools.blueprint.model import Blueprint
from tools.blueprint.names import kebab


def slo_yaml(blueprint: Blueprint) -> str:
    """Return the YAML documents for the service and for each objective in the blueprint."""
    name = kebab(blueprint.service)
    documents = [_document("Service", name, description=f"Objectives of {name}.")]
    if (percent := blueprint.slo.availability) is not None:
        text = "Requests that are answered without a 5xx."
        good = f'http_requests_total{{service="{name}",status!~"5.."}}'
        every = f'http_requests_total{{service="{name}"}}'
        documents.append(_slo(name, "availability", text, good, every, percent / 100))
    if (milliseconds := blueprint.slo.latency_p95_ms) is not None:
        text = f"Requests that are answered within {milliseconds} ms."
        good = f'http_request_duration_seconds_bucket{{service="{name}",le="{float(Decimal(milliseconds) / 1000)}"}}'
        every = f'http_request_duration_seconds_count{{service="{name}"}}'
        documents.append(_slo(name, "latency", text, good, every, Decimal("0.95")))
    return yaml.safe_dump_all(documents, sort_keys=False)


def _slo(name: str, kind: str, text: str, good: str, every: str, target: Decimal) -> Mapping[str, object]:
    """Return an objective that requires the ratio of good requests to all requests to be at least `target`."""
    metrics = [
        {"metricSource": {"type": "Prometheus", "spec": {"query": f"sum(rate({each}[5m]))"}}}
        for each in (good, every)
    ]
    ratio = {"counter": True, "good": metrics[0], "total": metrics[1]}
    return _document(
        "SLO",
        f"{name}-{kind}",
        description=text,
        service=name,
        indicator={"metadata": {"name": f"{name}-{kind}"}, "spec": {"ratioMetric": ratio}},
        timeWindow=[{"duration": "28d", "isRolling": True}],
        budgetingMethod="Occurrences",
        objectives=[{"displayName": text, "target": float(target)}],
    )


def _document(kind: str, name: str, **spec: object) -> Mapping[str, object]:
    return {"apiVersion": "openslo/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
