"""Every role has a prompt that renders, stays small and names its tools; a change of it shows as a diff."""

from __future__ import annotations

import json
from pathlib import Path

import jinja2
import pytest

from crew.agents import EXAMPLES, ROLES
from crew.agents.role import Role
from prompts import names, render

SNAPSHOTS = Path(__file__).parent / "snapshots"
TASKS: dict[str, Role] = {**ROLES, "examples": EXAMPLES}
"""Every prompt's name, and who works by it."""


def schemas(name: str) -> str:
    from crew.models.schemas import tool_schemas
    from tools.catalogue.registry import CATALOGUE

    return json.dumps(tool_schemas(TASKS[name], CATALOGUE), indent=1) + "\n"


def snapshot(name: str, by_blueprint: bool) -> str:
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
def test_a_prompt_is_as_it_was_read_last(name: str, by_blueprint: bool) -> None:
    path = SNAPSHOTS / snapshot(name, by_blueprint)
    said = f"read the change, then write the rendered prompt to {path}"
    assert path.read_text() == rendered(name, by_blueprint), said


@pytest.mark.parametrize("name", TASKS)
def test_the_schemas_of_a_role_are_as_they_were_read_last(name: str) -> None:
    path = SNAPSHOTS / f"{name}.tools.json"
    assert path.read_text() == schemas(name), f"read the change, then write the schemas to {path}"


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
