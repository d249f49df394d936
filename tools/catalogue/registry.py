"""Every tool there is."""

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
        files,
        search,
        stored_results,
        commands,
        generation,
        linting,
        repository,
        dependencies,
        test_context,
        example_tests,
        testing,
        review,
        release,
    )
    for tool in family.TOOLS
}
