"""OpenTelemetry spans, off by default."""
