"""The catalogue of all tools, and the tools that each role may call."""

from __future__ import annotations

from tools.catalogue import (
    commands,
    criteria,
    dependencies,
    example_tests,
    files,
    generation,
    linting,
    release,
    repository,
    review,
    search,
    stored_results,
    test_context,
    testing,
)
from tools.result import Tool

CATALOGUE: dict[str, Tool] = {
    tool.name: tool
    for family in (
        criteria,
        generation,
        dependencies,
        testing,
        review,
        files,
        search,
        commands,
        test_context,
        example_tests,
        linting,
        repository,
        release,
        stored_results,
    )
    for tool in family.TOOLS
}


def tools_of(role: str, *, last: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the names of the tools that a role is always offered, in the order in which requests list them.

    This is the order of the catalogue, with the tools in `last` moved to the end.
    """
    held = [tool.name for tool in CATALOGUE.values() if role in tool.roles and not tool.after_compaction]
    return tuple(sorted(held, key=lambda name: last.index(name) + 1 if name in last else 0))
