"""Values of each type for properties: everything that a field may hold, within reason."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]

_LONGEST = 60
"""Longer texts cost time and show nothing new; the acceptance tests try the longest."""
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_DAYS = st.dates(dt.date(1, 1, 2), dt.date(9999, 12, 30))

BOOLEANS: Strategy = st.booleans()
DATES: Strategy = _DAYS.map(dt.date.isoformat)
UUIDS: Strategy = st.uuids().map(str)
EMAILS: Strategy = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}@[a-z0-9]{1,20}\.[a-z]{2,10}", fullmatch=True)
URLS: Strategy = st.from_regex(r"https?://[a-z0-9]{1,20}(\.[a-z]{2,5})?(/[a-z0-9._~-]{0,10}(%20)?)?", fullmatch=True)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
TIMESTAMPS: Strategy = st.builds(
    dt.datetime.combine, _DAYS, st.times(), tzinfo=st.just(dt.UTC) | OFFSETS
).map(dt.datetime.isoformat)

JSON: Strategy = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
"""Anything that JSON can say, and a few things that it cannot."""


def texts(shortest: int, longest: int, *, blank: bool) -> Strategy:
    """Return texts of a length in these bounds, only white space among them if `blank`."""
    found = st.text(_CHARACTERS, min_size=shortest, max_size=max(shortest, min(longest, _LONGEST)))
    return found if blank else found.filter(lambda text: bool(text.strip()))


def matching(pattern: str, shortest: int, longest: int) -> Strategy:
    """Return texts that a pattern matches as a whole, of a length in these bounds."""
    found = st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)
    return found.filter(
        lambda text: shortest <= len(text) <= longest and bool(text.strip()) and "\0" not in text
    )


def integers(lowest: int, highest: int) -> Strategy:
    """Return integers in these bounds."""
    return st.integers(lowest, highest)


def numbers(lowest: str | None, highest: str | None) -> Strategy:
    """Return numbers in these bounds."""
    return st.floats(
        None if lowest is None else float(lowest),
        None if highest is None else float(highest),
        allow_nan=False,
        allow_infinity=False,
    )


def money(lowest: str, highest: str) -> Strategy:
    """Return amounts with at most two decimals in these bounds."""
    cents = st.integers(int(Decimal(lowest) * 100), int(Decimal(highest) * 100))
    return cents.map(lambda amount: amount / 100)


def same(sent: object, shown: object) -> bool:
    """Whether the service shows what was sent; moments are shown in UTC."""
    if isinstance(sent, int | float) and isinstance(shown, int | float):
        return float(sent) == float(shown)  # JSON knows no other numbers
    if sent == shown:
        return True
    if not isinstance(sent, str) or not isinstance(shown, str):
        return False
    try:
        return dt.datetime.fromisoformat(sent) == dt.datetime.fromisoformat(shown)
    except ValueError:
        return False
