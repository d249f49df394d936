"""From a span to text."""

from datetime import timedelta

from timespan.units import SECONDS


def format_span(span: timedelta) -> str:
    """Return the shortest text that spells a span, such as "1h30m"; parts of a second are left out."""
    left = span.seconds
    parts = []
    for unit, size in SECONDS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
