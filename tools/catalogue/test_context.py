"""The tool that describes what example tests can use and where they go, before any code exists."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import BaseModel, Field, JsonValue, ValidationError

from tools.blueprint import api_outline
from tools.blueprint.model import Blueprint, CustomOperation, Entity, FieldSpec
from tools.blueprint.names import camel, collection_path
from tools.projects import pins
from tools.projects.example_files import TEST_FILE, examples_file
from tools.projects.kind import is_existing_project
from tools.projects.trees import repository
from tools.result import Tool, ToolResult, Workbench, failure, success
from tools.testing.sandbox_environment import import_roots
from tools.testing.test_command import find_test_command, is_test
from tools.workspace.atomic_write import write_atomically

_NOTE = "test_context"
_NO_PACKAGES = ("setup", "conftest", "noxfile", "tasks", "docs", "examples", "test", "tests")
_MOST_NAMED = 20
_LONGEST_EXAMPLE = 2_000
_SERVICE = (
    "A test takes `api: Api`, a client with every role of a service that has no data yet. `from tests.support import "
    "Api, accepted, refused, bearer, day`; `from tests.bodies import make_...`. api.get(path, query), api.post(path, "
    "body), api.patch(path, body), api.delete(path); api.calling_with(bearer('role')) calls as somebody else. "
    "accepted(response, status=200) returns its JSON, refused(response, status, field=None) checks the problem. A list "
    'of records, `items` below too, comes as {"items": [...]} beside the other members. '
    "make_x(api, {member: value}) returns what was made. Money and numbers are JSON numbers; day(n): n days from now. "
    "Annotate all parameters and results; a response is an httpx.Response."
)
_REPOSITORY = "Functions that pytest finds. They may import the standard library and: "


class DescribeTestContext(BaseModel, extra="forbid"):
    """Describe what example tests of these criteria can use, and where they go."""

    blueprint: str = Field(default="", description='Digest of the blueprint; "" for an existing project.')
    criteria: list[str] = Field(description="Ids of the criteria that are covered.")


class TestContext(BaseModel, frozen=True):
    """The file, criteria and packages of example tests, stored for the tools that write and judge them."""

    file: str
    criteria: tuple[str, ...]
    packages: tuple[str, ...]
    """Names of the packages that the tests may import besides the standard library."""


def describe_test_context(bench: Workbench, arguments: DescribeTestContext) -> ToolResult:
    """Return the criteria for which tests can be written, if any, and what the tests can use."""
    if is_existing_project(bench):
        described, packages = _of_existing_project(bench), _packages(bench)
        criteria = arguments.criteria if described else []
    else:
        try:
            blueprint = Blueprint.model_validate_json(bench.artifacts.get(arguments.blueprint))
        except (KeyError, ValidationError):
            return failure(
                "not_found", f"{arguments.blueprint} is not the digest of a blueprint of this delivery."
            )
        described = _of_service(blueprint, arguments.criteria)
        packages = ["httpx", "hypothesis", "pytest", "tests"]
        asked = _hand_written_criteria(blueprint)
        criteria = [each for each in arguments.criteria if each in asked]
    if not criteria:
        said = "No example tests: there is no hand-written code whose criteria pytest could check."
        return success(said, code="nothing_to_write", criteria=[])
    test_context = TestContext(file=examples_file(bench), criteria=tuple(criteria), packages=tuple(packages))
    write_atomically(bench.note(_NOTE), test_context.model_dump_json())
    said = f"Example tests of {', '.join(criteria)} go to {test_context.file}."
    data: dict[str, JsonValue] = {"criteria": [*criteria], "file": test_context.file, **described}
    return ToolResult(ok=True, code="ok", summary=said, data=data)


def _hand_written_criteria(blueprint: Blueprint) -> set[str]:
    """Return the criteria of custom operations, and the criteria that merely repeat one of these."""
    custom = {each.criterion for entity in blueprint.entities for each in entity.custom}
    return custom | {each.id for each in blueprint.criteria if custom & set(each.same_as)}


def test_context_of(bench: Workbench) -> TestContext | None:
    """Return the test context that this delivery has stored, or None."""
    note = bench.note(_NOTE)
    return TestContext.model_validate_json(note.read_text()) if note.is_file() else None


def _of_service(blueprint: Blueprint, criteria: list[str]) -> dict[str, JsonValue]:
    from tools.stacks.fastapi.suite.suite import Suite  # noqa: PLC0415  templates, needed by few commands

    suite = Suite(blueprint)
    operations: list[JsonValue] = [
        _operation(entity, custom)
        for entity in blueprint.entities
        for custom in entity.custom
        if custom.criterion in criteria
    ]
    made: list[JsonValue] = [_factory(each) for each in blueprint.entities if suite.makes(each)]
    return {"operations": operations, "make": made[:_MOST_NAMED], "test_context": _SERVICE}


def _operation(entity: Entity, custom: CustomOperation) -> JsonValue:
    told: dict[str, JsonValue] = {
        "criterion": custom.criterion,
        "request": " ".join(api_outline.route(entity, custom.name)),
        "does": custom.does,
        "roles": [*custom.roles],
        ("query" if custom.kind == "query" else "body"): _fields(custom.inputs),
        "answer": _fields(custom.returns),
        "items": _fields(custom.items),
    }
    return {name: value for name, value in told.items() if value}


def _factory(entity: Entity) -> str:
    from tools.stacks.fastapi.pytest_source import factory  # noqa: PLC0415  as above

    members = [
        *_fields(api_outline.written_fields(entity)),
        *(f"{camel(each.name)}Id" for each in entity.references),
    ]
    return f"make_{factory(entity.name)}: POST {collection_path(entity.name)} with {', '.join(map(str, members))}"


def _fields(fields: Iterable[FieldSpec]) -> list[JsonValue]:
    return [f"{camel(each.name)} ({_kind(each)})" for each in fields]


def _kind(field: FieldSpec) -> str:
    said = [f"one of {', '.join(field.choices)}" if field.choices else field.type]
    if field.minimum is not None or field.maximum is not None:
        said.append(
            f"{'' if field.minimum is None else field.minimum}..{'' if field.maximum is None else field.maximum}"
        )
    return ", ".join([*said, *([] if field.required else ["optional"])])


def _of_existing_project(bench: Workbench) -> dict[str, JsonValue]:
    """Return a description of the tests of an existing project, or {} if it cannot be tested with pytest."""
    command = find_test_command(bench.workspace, bench.test_command)
    held = repository(bench)
    main = held.base_commit()
    files = held.files(main)
    if not any(each.endswith(".py") and not is_test(each) for each in files):
        return {}
    if command is not None and command.selection is None and not command.needs_pytest(bench.workspace):
        return {}
    tests = [each for each in files if TEST_FILE.fullmatch(each)]
    told: dict[str, JsonValue] = {"test_context": f"{_REPOSITORY}{', '.join(_packages(bench))}."}
    if tests:
        texts = {each: held.text(main, each) or "" for each in tests[:200]}
        shown = min(texts, key=lambda each: (len(texts[each]) > _LONGEST_EXAMPLE, -len(texts[each])))
        style: dict[str, JsonValue] = {"file": shown, "text": texts[shown][:_LONGEST_EXAMPLE]}
        told |= {"tests": [*tests[:_MOST_NAMED]], "style": style}
    return told


def _packages(bench: Workbench) -> list[str]:
    """Return the names that tests of an existing project may import: its own packages and its test libraries."""
    found = {"pytest"}
    for root in import_roots(bench.workspace):
        for each in root.iterdir():
            name = each.name.removesuffix(".py")
            plain = name.isidentifier() and name not in _NO_PACKAGES and not name.startswith("test_")
            if plain and (each.suffix == ".py" or (each.is_dir() and any(each.glob("*.py")))):
                found.add(name)
    for name in ("tests", "test"):
        if (bench.workspace / name / "__init__.py").is_file():
            found.add(name)
    known = pins.stored_pins(bench) or ""
    return sorted(found | ({"hypothesis"} if re.search(r"^hypothesis==", known, re.MULTILINE) else set()))


TOOLS = (
    # Repeating the call is harmless: it stores only the test context, which is the same each time.
    Tool("describe_test_context", "read", DescribeTestContext, describe_test_context, roles=("crew",)),
)
