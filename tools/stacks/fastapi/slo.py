"""`slo.yaml`: the service level objectives as OpenSLO v1."""

from __future__ import annotations

from decimal import Decimal

import yaml
from pydantic import JsonValue

from tools.blueprint.model import Blueprint
from tools.blueprint.names import kebab

_WINDOW: list[JsonValue] = [{"duration": "28d", "isRolling": True}]


def slo_yaml(blueprint: Blueprint) -> str:
    """Return the YAML documents: the service, and an SLO for each objective in the blueprint."""
    name = kebab(blueprint.service)
    documents = [_document("Service", name, {"description": f"Objectives of {name}."})]
    if blueprint.slo.availability is not None:
        documents.append(_availability(name, blueprint.slo.availability))
    if blueprint.slo.latency_p95_ms is not None:
        documents.append(_latency(name, blueprint.slo.latency_p95_ms))
    return yaml.safe_dump_all(documents, sort_keys=False)


def _availability(name: str, percent: Decimal) -> dict[str, JsonValue]:
    every = f'sum(rate(http_requests_total{{service="{name}"}}[5m]))'
    good = f'sum(rate(http_requests_total{{service="{name}",status!~"5.."}}[5m]))'
    return _slo(name, "availability", "Requests that are answered without a 5xx.", good, every, percent / 100)


def _latency(name: str, milliseconds: int) -> dict[str, JsonValue]:
    seconds = Decimal(milliseconds) / 1000
    every = f'sum(rate(http_request_duration_seconds_count{{service="{name}"}}[5m]))'
    good = f'sum(rate(http_request_duration_seconds_bucket{{service="{name}",le="{float(seconds)}"}}[5m]))'
    text = f"Requests that are answered within {milliseconds} ms."
    return _slo(name, "latency", text, good, every, Decimal("0.95"))


def _slo(name: str, kind: str, text: str, good: str, every: str, target: Decimal) -> dict[str, JsonValue]:
    ratio: dict[str, JsonValue] = {"counter": True, "good": _query(good), "total": _query(every)}
    indicator: dict[str, JsonValue] = {"metadata": {"name": f"{name}-{kind}"}, "spec": {"ratioMetric": ratio}}
    return _document(
        "SLO",
        f"{name}-{kind}",
        {
            "description": text,
            "service": name,
            "indicator": indicator,
            "timeWindow": _WINDOW,
            "budgetingMethod": "Occurrences",
            "objectives": [{"displayName": text, "target": float(target)}],
        },
    )


def _query(text: str) -> dict[str, JsonValue]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": text}}}


def _document(kind: str, name: str, spec: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"apiVersion": "openslo/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
