"""A tool in one place: what was forgotten in its declaration, or not generated from it, is named here."""

from __future__ import annotations

import inspect
import json
from importlib import resources
from pathlib import Path

import pytest

from crew.agents import EXAMPLES, ROLES
from crew.models.schemas import READ_RESULT
from tests.crew.policies.calls import ALLOWED
from tools.catalogue import policy_data
from tools.catalogue.registry import CATALOGUE, tools_of

DATA = resources.files("crew").joinpath("policies/data.json").read_text()
SETTINGS = json.loads(DATA)["settings"]
HOLDERS = {"crew", *ROLES, f"{EXAMPLES.name}/{EXAMPLES.prompt}"}


def test_the_data_of_the_policies_are_generated_from_the_catalogue() -> None:
    assert policy_data.with_catalogue(DATA) == DATA, "crew/policies/data.json is stale: run `make docs`"


def test_every_family_of_tools_is_in_the_catalogue() -> None:
    folder = Path(inspect.getfile(policy_data)).parent
    families = {path.stem for path in folder.glob("*.py") if "\nTOOLS = " in path.read_text()}
    registered = {tool.run.__module__.rpartition(".")[2] for tool in CATALOGUE.values()}
    assert families - registered == set(), "not listed in tools/catalogue/registry.py"


@pytest.mark.parametrize("name", CATALOGUE)
def test_somebody_holds_the_tool_and_may_have_its_effect(name: str) -> None:
    tool = CATALOGUE[name]
    assert tool.roles, f"{name} names no role in `roles`"
    assert set(tool.roles) <= HOLDERS, f"{name} names unknown roles"
    for role in {holder.partition("/")[0] for holder in tool.roles}:
        settings = SETTINGS["roles"][role]
        assert name in settings["tools"], (
            f"{name} is not among the tools of {role} in data.json: run `make docs`"
        )
        assert tool.effect in settings["effects"], (
            f"a person must allow {role} the effect {tool.effect} in data.json"
        )


@pytest.mark.parametrize("name", CATALOGUE)
def test_policy_knows_the_tool_with_its_effect_and_facts(name: str) -> None:
    assert name in SETTINGS["tools"], f"{name} is not in crew/policies/data.json: run `make docs`"
    tool, settings = CATALOGUE[name], SETTINGS["tools"][name]
    assert settings["effect"] == tool.effect
    assert settings.get("facts", {}) == {fact.name: fact.type for fact in tool.facts if fact.required}
    assert len({fact.name for fact in tool.facts}) == len(tool.facts), f"{name} declares a fact twice"


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_call_that_policies_allow_is_among_the_examples(name: str) -> None:
    assert name in ALLOWED, f"tests/crew/policies/calls.py has no allowed call of {name}"


@pytest.mark.parametrize("name", SETTINGS["tools"])
def test_every_tool_that_policy_knows_exists(name: str) -> None:
    assert name in CATALOGUE


@pytest.mark.parametrize("name", ROLES)
def test_a_role_is_offered_what_policy_lets_it_hold(name: str) -> None:
    tools = ROLES[name].tools + (EXAMPLES.tools if name == EXAMPLES.name else ())  # type: ignore[index]
    # Every role that has tools is offered `read_result` while its transcript is compacted.
    held = {*tools, READ_RESULT} if tools else set()
    assert held == set(SETTINGS["roles"][name]["tools"])


def test_requests_name_the_tools_of_a_role_in_a_fixed_order() -> None:
    """The order is part of a request, so a recording of another one would no longer match."""
    looking = ("list_files", "search_files", "read_file")
    editing = ("write_file", "edit_file", "delete_file", "show_diff", "run_command", "run_tests")
    scans = ("scan_code", "scan_secrets", "check_dependencies", "check_contract")
    known = {
        "design": ("read_criteria", "settle_blueprint", *looking),
        "code": ("generate_service", *looking, *editing, "install_dependencies", "run_linters", "commit"),
        "testing": ("install_dependencies", "run_tests", "run_mutants", *looking),
        "governance": (*scans, "show_diff", *looking),
        "deployment": ("install_dependencies", "start_service"),
    }
    for name, tools in known.items():
        # A tool that is new may come anywhere.
        assert tuple(tool for tool in ROLES[name].tools if tool in tools) == tools  # type: ignore[index]
    assert tuple(tool for tool in EXAMPLES.tools if tool in (*looking, "write_examples")) == (
        *looking,
        "write_examples",
    )


def test_a_tool_of_nobody_is_offered_to_nobody() -> None:
    assert tools_of("performance") == ()
    assert tools_of("nobody") == ()


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_tool_tells_a_model_what_it_is_for(name: str) -> None:
    tool = CATALOGUE[name]
    assert (tool.arguments.__doc__ or "").strip().endswith(".")
    assert tool.arguments.model_config.get("extra") == "forbid"
