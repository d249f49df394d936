"""The time, always in UTC."""

from __future__ import annotations

import datetime as dt


def now() -> dt.datetime:
    """Return this moment."""
    return dt.datetime.now(dt.UTC)


def today() -> dt.date:
    """Return the current date in UTC."""
    return now().date()


def start_of_today() -> dt.datetime:
    """Return the moment at which the current date began in UTC."""
    return dt.datetime.combine(today(), dt.time(), dt.UTC)
