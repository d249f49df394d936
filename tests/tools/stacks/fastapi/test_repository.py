"""What is generated, looked at as text."""

from __future__ import annotations

import subprocess
from pathlib import Path

import black
import pytest
import yaml

from tests.tools.stacks.fastapi import blueprints
from tests.tools.stacks.fastapi.conftest import Make
from tests.tools.stacks.fastapi.services import STACK, generate
from tools.blueprint import openapi
from tools.blueprint.blueprint_yaml import from_yaml
from tools.blueprint.model import Blueprint, Compare, Computed, Entity, Guard, Limit, Reference, Sort
from tools.errors import ToolError


def test_it_is_a_pure_function() -> None:
    contract = openapi.to_yaml(openapi.document(blueprints.SHOP))

    first, second = (STACK.generate(blueprints.SHOP, contract, None) for _ in range(2))

    assert first == second
    assert generate(blueprints.SHOP).files.items() <= first.files.items()


@pytest.mark.parametrize(
    "blueprint", [blueprints.SHOP, blueprints.HOSTILE], ids=lambda each: each.service[:4]
)
def test_all_python_is_formatted_and_no_template_is_left(blueprint: Blueprint) -> None:
    for path, text in generate(blueprint).files.items():
        assert text.endswith("\n"), path
        if path.endswith(".py"):
            assert black.format_str(text, mode=black.Mode(line_length=100)) == text, path


def test_paths_stay_inside_the_repository() -> None:
    for path in generate(blueprints.HOSTILE).files:
        assert not path.startswith("/")
        assert ".." not in path


def test_there_is_what_a_repository_needs() -> None:
    files = generate(blueprints.SHOP).files

    assert {
        ".dockerignore",
        ".github/workflows/ci.yml",
        ".gitignore",
        "Dockerfile",
        "README.md",
        "alembic.ini",
        "app/main.py",
        "blueprint.yaml",
        "migrations/versions/0001_initial.py",
        "openapi.yaml",
        "pyproject.toml",
        "requirements-dev.txt",
        "requirements.txt",
        "slo.yaml",
    } <= files.keys()


def test_the_blueprint_is_there_to_be_loaded() -> None:
    for blueprint in (blueprints.SHOP, blueprints.TYPES, blueprints.HOSTILE):
        assert from_yaml(generate(blueprint).files["blueprint.yaml"]) == blueprint


def test_objectives_are_open_slo() -> None:
    service, availability, latency = yaml.safe_load_all(generate(blueprints.SHOP).files["slo.yaml"])

    assert service == {
        "apiVersion": "openslo/v1",
        "kind": "Service",
        "metadata": {"name": "shop"},
        "spec": {"description": "Objectives of shop."},
    }
    assert availability["spec"]["objectives"][0]["target"] == 0.999
    assert (
        'le="0.25"'
        in latency["spec"]["indicator"]["spec"]["ratioMetric"]["good"]["metricSource"]["spec"]["query"]
    )


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-traces.txt"])
def test_requirements_are_plain_pins(name: str) -> None:
    for requirement in generate(blueprints.SHOP).files[name].splitlines():
        pin, _, marker = requirement.partition(" ; ")
        assert pin.count("==") == 1
        assert "/" not in requirement
        assert "--" not in requirement
        assert not marker or "_" in marker or "python" in marker


def test_a_service_asks_for_its_secret_only_if_it_needs_one() -> None:
    assert "app/auth.py" in generate(blueprints.SHOP).files
    assert "app/auth.py" not in generate(blueprints.TYPES).files


@pytest.mark.slow
@pytest.mark.parametrize(
    "blueprint",
    [blueprints.SHOP, blueprints.ODD, blueprints.HOSTILE, blueprints.GROWN_SHOP, blueprints.GROWN_ODD],
    ids=lambda b: b.service[:10],
)
def test_it_passes_its_own_checks(
    blueprint: Blueprint, made: Make, python: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = made(blueprint)
    environment = {"MYPY_CACHE_DIR": str(tmp_path_factory.getbasetemp() / "mypy")}

    for command in (["ruff", "format", "--check", "."], ["ruff", "check", "."], ["mypy"]):
        done = subprocess.run(
            [python, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def entity(**more: object) -> Entity:
    return Entity.model_validate({"name": "thing"} | more)


@pytest.mark.parametrize(
    ("message", "entities"),
    [
        ("no ASCII letter", [Entity(name="ß")]),
        ("same path", [Entity(name="thing"), Entity(name="thing")]),
        ("same member, 'createdAt'", [entity(fields=(blueprints.field("created at"),))]),
        ("which does not exist", [entity(references=(Reference(name="owner", target="owner"),))]),
        ("no choices", [entity(fields=(blueprints.field("size", "choice", optional=True),))]),
        ("not a regular expression", [entity(fields=(blueprints.field("size", pattern="("),))]),
        ("longer than", [entity(fields=(blueprints.field("x" * 70),))]),
        (
            "computed from itself",
            [
                entity(
                    fields=(
                        blueprints.field(
                            "size",
                            "integer",
                            computed=Computed(kind="sum", child="thing", reference="top", factors=("size",)),
                        ),
                    ),
                    references=(Reference(name="top", target="thing"),),
                )
            ],
        ),
        ("'list' does not support guards", [entity(guards=(blueprints.guard("list", 409),))]),
        (
            "'create' does not support limits",
            [entity(limits=(Limit(operation="create", per="self", times=1),))],
        ),
        ("sorted by 'size'", [entity(sorts=(Sort(field="size"),))]),
        (
            "refers to 'size'",
            [
                entity(
                    guards=(
                        Guard(
                            operation="create",
                            tests=(Compare(left=blueprints.ref("size"), op="eq", right=1),),
                            status=409,
                        ),
                    )
                )
            ],
        ),
    ],
)
def test_a_blueprint_that_makes_no_service_is_refused(message: str, entities: list[Entity]) -> None:
    with pytest.raises(ToolError, match=message):
        generate(Blueprint(service="x", entities=tuple(entities)))
