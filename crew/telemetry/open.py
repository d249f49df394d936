"""Opening telemetry as the settings ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crew.telemetry.api import OFF, Telemetry

if TYPE_CHECKING:
    from crew.settings.config import TelemetrySettings
    from crew.telemetry.api import Redact


def open_telemetry(settings: TelemetrySettings, redact: Redact) -> Telemetry:
    """Return the telemetry that settings ask for; `redact` takes secrets out of content, where that is asked for."""
    if not settings.otlp:
        return OFF
    from crew.telemetry.otlp import OtlpTelemetry  # noqa: PLC0415  a third of a second, for those who want it

    return OtlpTelemetry(settings.otlp, redact if settings.content else None)
