"""OpenTelemetry spans, which are off by default."""
