"""A recording's files say what they were given, whatever that is."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from crew.models.recordings.deltas import applied, changes, joined, split

NAMES = st.sampled_from(["lines", "as_is", "as_before", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="ab\n\r", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=12,
)
MESSAGES = st.lists(st.builds(lambda text: {"type": "human", "content": text}, VALUES), max_size=6)


@given(VALUES)
def test_split_and_joined(value: object) -> None:
    assert joined(json.loads(json.dumps(split(value)))) == value


@given(MESSAGES, MESSAGES)
def test_changes_and_applied(before: list[dict], now: list[dict]) -> None:
    assert applied(changes(now, before), before) == now


def test_a_conversation_that_goes_on_is_not_written_again() -> None:
    before = [{"type": "human", "content": str(each)} for each in range(50)]
    new = {"type": "tool", "content": "new"}
    assert changes([*before, new], before) == [{"as_before": [0, 50]}, new]
