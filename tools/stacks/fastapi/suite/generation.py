"""Generates all test files of a service: for its criteria, operations, contract and life cycle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tools.blueprint.api_outline import body_required
from tools.blueprint.model import Blueprint, Criterion, Entity
from tools.blueprint.names import plural
from tools.blueprint.scenarios import Unreachable
from tools.stacks.fastapi.pytest_source import Case, Module, slug, story_of
from tools.stacks.fastapi.pytest_source import render as render_cases
from tools.stacks.fastapi.rendering import format_python, render, static_files
from tools.stacks.fastapi.suite.access import access_cases
from tools.stacks.fastapi.suite.actions import input_cases, object_cases
from tools.stacks.fastapi.suite.bodies import bodies_module, strategies_module
from tools.stacks.fastapi.suite.contract import contract_module
from tools.stacks.fastapi.suite.custom import custom_cases, custom_module
from tools.stacks.fastapi.suite.effects import effect_cases
from tools.stacks.fastapi.suite.examples import example_cases, speed_cases
from tools.stacks.fastapi.suite.fields import field_cases
from tools.stacks.fastapi.suite.guards import guard_cases
from tools.stacks.fastapi.suite.lifecycle import lifecycle_module
from tools.stacks.fastapi.suite.limits import limit_cases
from tools.stacks.fastapi.suite.lists import filter_cases, operation_cases, sort_cases
from tools.stacks.fastapi.suite.owners import owner_cases
from tools.stacks.fastapi.suite.relations import computed_cases, reference_cases
from tools.stacks.fastapi.suite.states import initial_cases, transition_cases
from tools.stacks.fastapi.suite.suite import Suite, guard_statuses


def test_files(blueprint: Blueprint, contract: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Return the text of each test file by path, and the pytest node ids of the tests for each criterion id."""
    suite = Suite(blueprint)
    files = {"tests/__init__.py": "", "tests/acceptance/__init__.py": ""} | static_files("tests")
    files["tests/support.py"] = format_python(
        render(
            "tests/support.py.j2",
            roles=blueprint.roles,
            tokens=blueprint.restricted,
            owned=suite.owner_members,
            bare=_has_bare_path(blueprint),
        )
    )
    files["tests/test_conventions.py"] = format_python(
        render(
            "tests/test_conventions.py.j2",
            guarded=not all(map(suite.updates_by_nothing, blueprint.entities)),
            bare_refused=any(map(_may_refuse_nothing, blueprint.entities)),
        )
    )
    files["tests/bodies.py"] = bodies_module(suite)
    if any(each.custom for each in blueprint.entities):
        files["tests/custom.py"] = custom_module(blueprint)
    files["tests/strategies.py"] = strategies_module(suite)
    files["tests/test_contract.py"] = contract_module(suite)
    if any(suite.makes(each) for each in blueprint.entities):
        files["tests/test_lifecycle.py"] = lifecycle_module(suite)
    nodes: dict[str, list[str]] = {}
    for path, module in _modules(suite):
        source, tests = render_cases(module)
        files[path] = source
        for case, name in tests:
            nodes.setdefault(case.criterion.id, []).append(f"{path}::{name}")
    found: dict[str, tuple[str, ...]] = {}
    for each in blueprint.criteria:
        # A repeated criterion is covered by the tests of the criterion it repeats.
        named = nodes.get(each.id) or [test for one in each.same_as for test in nodes.get(one, ())]
        if named:
            found[each.id] = tuple(named)
    return files, found


def _may_refuse_nothing(entity: Entity) -> bool:
    """Return whether a guard may reject the creation of a resource with an empty body that the contract allows."""
    return not body_required(entity, "create") and bool(guard_statuses(entity, "create"))


def _has_bare_path(blueprint: Blueprint) -> bool:
    """Return whether the path of some resource or collection allows no method, so that its 405 responses list none."""
    paths = (("create", "list"), ("read", "update", "delete"))
    offered = ({operation.name for operation in entity.operations} for entity in blueprint.entities)
    return any(names.isdisjoint(path) for names in offered for path in paths)


def _modules(suite: Suite) -> Iterator[tuple[str, Module]]:
    """Yield the path and the test module of each story, and those of the module for the operations of all resources."""
    stories: dict[str, Module] = {}
    for criterion in suite.blueprint.criteria:
        story = story_of(criterion)
        module = stories.setdefault(story, Module(f"{story}: the acceptance criteria, one by one."))
        module.cases.extend(criterion_cases(suite, criterion))
    taken: set[str] = set()
    for story, module in stories.items():
        path = f"tests/acceptance/test_{slug(story) or 'story'}.py"
        while path in taken:
            path = path.replace(".py", "_.py")
        taken.add(path)
        if module.cases:
            yield path, module
    plain = Module("What each resource offers, whether or not a criterion says so.")
    for entity in suite.blueprint.entities:
        about = Criterion(id=entity.name, text=f"The operations of {plural(entity.name)}.")
        plain.cases.extend(operation_cases(suite, about, entity))
    yield "tests/test_operations.py", plain


def untestable(blueprint: Blueprint, criteria: Iterable[str]) -> frozenset[str]:
    """Return the ids of those criteria that neither have a test nor repeat a criterion that may have one."""
    suite, asked = Suite(blueprint), frozenset(criteria)
    return frozenset(
        each.id
        for each in blueprint.criteria
        if each.id in asked and not each.same_as and not any(True for _ in criterion_cases(suite, each))
    )


def criterion_cases(suite: Suite, criterion: Criterion) -> Iterator[Case]:
    """Yield the tests of all fields, rules, examples and latencies that a criterion specifies."""
    for entity in suite.blueprint.entities:
        try:
            yield from _entity_cases(suite, criterion, entity)
        except Unreachable:
            continue
    for example in suite.blueprint.examples:
        if example.criterion == criterion.id:
            yield from example_cases(suite, criterion, example)
    for speed in suite.blueprint.speeds:
        if speed.criterion == criterion.id:
            yield from speed_cases(suite, criterion, speed)


def _entity_cases(suite: Suite, criterion: Criterion, entity: Entity) -> Iterator[Case]:
    own = criterion.id
    for field in entity.fields:
        if field.computed is not None and field.computed.criterion == own:
            yield from computed_cases(suite, criterion, entity, field, field.computed)
        elif field.computed is None and field.criterion == own:
            yield from field_cases(suite, criterion, entity, field)
    for reference in entity.references:
        if reference.criterion == own:
            yield from reference_cases(suite, criterion, entity, reference)
    if any(each.criterion == own for each in entity.operations):
        yield from operation_cases(suite, criterion, entity)
    yield from filter_cases(
        suite, criterion, entity, [each.field for each in entity.filters if each.criterion == own]
    )
    yield from sort_cases(
        suite, criterion, entity, [each.field for each in entity.sorts if each.criterion == own]
    )
    yield from _rule_cases(suite, criterion, entity)


def _rule_cases(suite: Suite, criterion: Criterion, entity: Entity) -> Iterator[Case]:
    own = criterion.id
    if entity.initial_state is not None and entity.initial_state_criterion == own:
        yield from initial_cases(suite, criterion, entity)
    moves = [each for each in entity.transitions if each.criterion == own]
    yield from transition_cases(suite, criterion, entity, moves)
    for action in entity.actions:
        for field in (each for each in action.inputs if each.criterion == own):
            yield from input_cases(suite, criterion, entity, action, field)
        if action.criterion == own:
            yield from object_cases(suite, criterion, entity, action)
    for guard in (each for each in entity.guards if each.criterion == own):
        yield from guard_cases(suite, criterion, entity, guard)
    for effect in (each for each in entity.effects if each.criterion == own):
        yield from effect_cases(suite, criterion, entity, effect)
    for limit in (each for each in entity.limits if each.criterion == own):
        yield from limit_cases(suite, criterion, entity, limit)
    for custom in (each for each in entity.custom if each.criterion == own):
        yield from custom_cases(suite, criterion, entity, custom)
    allowed = [each for each in entity.access if each.criterion == own]
    for access in allowed:
        cases = owner_cases if access.owner else access_cases
        yield from cases(suite, criterion, entity, access, alone=len(allowed) == 1)
