"""A tool that was forgotten in one of its places is named here."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from crew.agents import EXAMPLES, ROLES
from crew.models.schemas import RECALL
from tools.catalogue.registry import CATALOGUE

SETTINGS = json.loads(resources.files("crew").joinpath("policies/data.json").read_text())["settings"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_policy_knows_the_tool_with_its_effect(name: str) -> None:
    assert name in SETTINGS["tools"], f"{name} has no line in crew/policies/data.json"
    assert SETTINGS["tools"][name]["effect"] == CATALOGUE[name].effect


@pytest.mark.parametrize("name", SETTINGS["tools"])
def test_every_tool_that_policy_knows_exists(name: str) -> None:
    assert name in CATALOGUE


@pytest.mark.parametrize("name", ROLES)
def test_a_role_holds_what_policy_lets_it_hold(name: str) -> None:
    # Every role that has tools is offered `recall` while something of its conversation is put away.
    tools = ROLES[name].tools + (EXAMPLES.tools if name == EXAMPLES.name else ())  # type: ignore[index]
    held = {*tools, RECALL} if tools else set()
    assert held == set(SETTINGS["roles"][name]["tools"])


@pytest.mark.parametrize("name", CATALOGUE)
def test_somebody_holds_the_tool(name: str) -> None:
    assert any(name in role["tools"] for role in SETTINGS["roles"].values())


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_tool_tells_a_model_what_it_is_for(name: str) -> None:
    tool = CATALOGUE[name]
    assert (tool.arguments.__doc__ or "").strip().endswith(".")
    assert tool.arguments.model_config.get("extra") == "forbid"
