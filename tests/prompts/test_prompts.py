"""Every role has a prompt that renders, stays small and names its tools; a change of it shows as a diff."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest

from crew.agents import EXAMPLES, ROLES
from crew.agents.role import Role
from prompts import names, render

TASKS: dict[str, Role] = {**ROLES, "examples": EXAMPLES}
"""Every prompt's name, and who works by it."""


def schemas(name: str) -> str:
    from crew.models.schemas import tool_schemas
    from tools.catalogue.registry import CATALOGUE

    return json.dumps(tool_schemas(TASKS[name], CATALOGUE), indent=1) + "\n"


def file_name(name: str, by_blueprint: bool) -> str:
    # Most prompts are the same wherever the repository comes from.
    both = rendered(name) == rendered(name, by_blueprint=False)
    return f"{name}.md" if both or by_blueprint else f"{name}.people.md"


def rendered(name: str, by_blueprint: bool = True) -> str:
    role = TASKS[name]
    return render(name, purpose=role.purpose, most_steps=role.most_steps, by_blueprint=by_blueprint)


def test_every_role_has_a_prompt_and_every_prompt_a_role() -> None:
    assert set(names()) == set(TASKS)


@pytest.mark.parametrize("by_blueprint", [True, False])
@pytest.mark.parametrize("name", TASKS)
def test_a_prompt_is_as_it_was_read_last(
    name: str, by_blueprint: bool, snapshot: Callable[[str, str], None]
) -> None:
    snapshot(file_name(name, by_blueprint), rendered(name, by_blueprint))


@pytest.mark.parametrize("name", TASKS)
def test_the_schemas_of_a_role_are_as_they_were_read_last(
    name: str, snapshot: Callable[[str, str], None]
) -> None:
    snapshot(f"{name}.tools.json", schemas(name))


@pytest.mark.parametrize("name", TASKS)
def test_a_prompt_stays_within_four_kilobytes(name: str) -> None:
    for by_blueprint in (True, False):
        assert len(rendered(name, by_blueprint).encode()) <= 4_096


def test_the_prompt_of_a_further_task_stays_within_two_kilobytes() -> None:
    assert (Path(__file__).parents[2] / "prompts/examples.md").stat().st_size <= 2_048


@pytest.mark.parametrize("name", TASKS)
def test_a_prompt_names_no_tool_that_the_role_does_not_hold(name: str) -> None:
    from tools.catalogue.registry import CATALOGUE

    text = rendered(name)
    for tool in set(CATALOGUE) - set(TASKS[name].tools):
        assert f"`{tool}`" not in text


def test_a_variable_that_is_missing_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render("design", purpose="x")


@pytest.mark.parametrize("by_blueprint", [True, False])
def test_the_design_agent_is_told_of_objections_only_if_there_are_some(by_blueprint: bool) -> None:
    role = ROLES["design"]
    given = {"purpose": role.purpose, "most_steps": role.most_steps, "by_blueprint": by_blueprint}
    assert render("design", **given, returned=False) == rendered("design", by_blueprint)
    assert "`objections` in the brief says why" in render("design", **given, returned=True)
    assert "`objections`" not in rendered("design", by_blueprint)
