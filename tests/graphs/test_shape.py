"""Where the nodes of a delivery stand to each other."""

from __future__ import annotations

from typing import Any, cast

import pytest

from crew.delivery_context import Desk
from crew.state import DeliveryState
from graphs.delivery import _after_code, _after_design, delivery_graph


def edges() -> set[tuple[str, str]]:
    drawn = delivery_graph(cast(Desk, None)).get_graph()
    return {(each.source, each.target) for each in drawn.edges}


def test_examples_come_before_the_code_and_are_judged_before_anybody_looks_at_the_tree() -> None:
    found = edges()
    assert {target for source, target in found if source == "examples"} == {"code"}
    assert {source for source, target in found if target == "examples"} == {"design"}
    assert {target for source, target in found if source == "keep_examples"} == {"testing", "governance"}
    assert {source for source, target in found if target == "keep_examples"} == {"code"}


@pytest.mark.parametrize(("by_hand", "following"), [(True, "examples"), (False, "code")])
def test_examples_are_for_code_that_is_written_by_hand(by_hand: bool, following: str) -> None:
    state: DeliveryState = {"by_hand": by_hand, "answers": {"design": {"questions": []}}}
    assert _after_design(state) == following


@pytest.mark.parametrize(
    ("examples", "following"),
    [("tests/examples/test_a.py", "keep_examples"), ("", ["testing", "governance"])],
)
def test_what_was_not_written_is_not_judged(examples: str, following: Any) -> None:
    state: DeliveryState = {"tree": "b", "base_tree": "a", "examples": examples}
    assert _after_code(state) == following
