"""Spans of time as people write them."""

from timespan.reading import parse
from timespan.writing import format_span

__all__ = ["format_span", "parse"]
