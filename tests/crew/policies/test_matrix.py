"""The matrix of roles and tools says what the roles and the tools say of themselves."""

from __future__ import annotations

import re
from pathlib import Path

from crew.agents import ROLES
from tools.catalogue.registry import CATALOGUE
from tools.policy.source import load

POLICIES = Path(__file__).parents[3] / "crew" / "policies"
SOURCE = load(POLICIES)
SETTINGS = SOURCE.data["settings"]
assert isinstance(SETTINGS, dict)


def test_every_tool_is_there_with_its_effect() -> None:
    listed = {name: tool["effect"] for name, tool in SETTINGS["tools"].items()}

    assert listed == {name: tool.effect for name, tool in CATALOGUE.items()}


def test_agents_hold_no_tool_that_the_matrix_denies_them() -> None:
    denied = {name: set(role.tools) - set(SETTINGS["roles"][name]["tools"]) for name, role in ROLES.items()}

    assert {name: tools for name, tools in denied.items() if tools} == {}
    assert set(SETTINGS["roles"]) == {"crew", *ROLES}


def test_roles_have_no_effect_that_none_of_their_tools_has() -> None:
    for name, role in SETTINGS["roles"].items():
        effects = {SETTINGS["tools"][tool]["effect"] for tool in role["tools"]}
        # The state machine reads, too.
        assert set(role["effects"]) - effects <= ({"read"} if name == "crew" else set()), name
        assert effects <= set(role["effects"]), name


def test_policies_name_no_setting_that_is_not_there() -> None:
    """A missing setting would be undefined, and a rule that uses it silent."""
    named = {name for text in SOURCE.modules.values() for name in re.findall(r"data\.settings\.(\w+)", text)}

    assert named <= set(SETTINGS)
    assert set(SETTINGS) - named == set(), "a setting that nothing uses"


def test_the_readme_describes_every_rule() -> None:
    named = set(re.findall(r'"rule": "([^"]*)"', "".join(SOURCE.modules.values())))
    table = (POLICIES / "README.md").read_text().partition("## The rules")[2].partition("## Your own")[0]

    assert set(re.findall(r"`([a-z]+\.[a-z_]+)`", table)) - {"data.json"} == named
