"""Where the nodes of a delivery stand to each other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast, is_typeddict

import pytest

import crew.state
import graphs.agent
from crew.agents import EXAMPLES, ROLES
from crew.brief import Brief
from crew.delivery_context import DeliveryContext
from crew.models.role_model import RoleModel
from crew.records.canonical_json import digest_of
from crew.records.graph_shapes import SHAPE
from crew.state import DeliveryState
from graphs.agent import agent_graph
from graphs.delivery import _after_code, _after_design, delivery_graph


def computed() -> str:
    """Return the digest of all names that a checkpoint holds."""
    context = cast(DeliveryContext, SimpleNamespace(tools={}))  # nodes use the rest only when they run
    agent = agent_graph(ROLES["code"], context, cast(RoleModel, None))
    drawn = [graph.get_graph() for graph in (delivery_graph(context), agent)]
    steps = [
        [sorted(each.nodes), sorted(f"{edge.source} -> {edge.target}" for edge in each.edges)]
        for each in drawn
    ]
    fields = {
        name: sorted(kind.__annotations__)
        for module in (crew.state, graphs.agent)
        for name, kind in vars(module).items()
        if is_typeddict(kind) and kind.__module__ == module.__name__
    }
    models = [*(role.answer for role in (*ROLES.values(), EXAMPLES)), Brief]
    return digest_of([steps, fields, [_members(each.model_json_schema()) for each in models]])


def _members(schema: dict[str, Any]) -> dict[str, list[str]]:
    defined = {"": schema} | schema.get("$defs", {})
    return {name: sorted(each.get("properties", [])) for name, each in defined.items()}


def test_the_shape_is_the_one_that_deliveries_are_opened_with() -> None:
    assert computed() == SHAPE, (
        "Checkpoints of unfinished deliveries no longer fit. Was the last entry of SHAPES in "
        "crew/records/graph_shapes.py released? Then keep it, keep its home (CONTRIBUTING.md) "
        "and append the new digest; else replace it."
    )


def edges() -> set[tuple[str, str]]:
    drawn = delivery_graph(cast(DeliveryContext, None)).get_graph()
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
