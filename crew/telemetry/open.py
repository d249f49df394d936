"""Creation of the telemetry that the settings select."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crew.telemetry.api import OFF, Telemetry

if TYPE_CHECKING:
    from crew.settings.config import TelemetrySettings
    from tools.redaction import Redactor


def open_telemetry(settings: TelemetrySettings, redact: Redactor) -> Telemetry:
    """Return the telemetry that the settings select; everything that it sends passes through `redact`."""
    if not settings.otlp:
        return OFF
    from crew.telemetry.otlp import OtlpTelemetry  # noqa: PLC0415  takes a third of a second, so only if enabled

    return OtlpTelemetry(settings.otlp, redact, settings.content)
