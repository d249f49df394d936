"""Every tool there is."""

from __future__ import annotations

from tools import (
    commands,
    dependencies,
    examples,
    files,
    harness,
    linting,
    looking,
    recall,
    release,
    repository,
    review,
    service,
    story,
    verification,
)
from tools.result import Tool

CATALOGUE: dict[str, Tool] = {
    tool.name: tool
    for family in (
        story,
        files,
        looking,
        recall,
        commands,
        service,
        linting,
        repository,
        dependencies,
        harness,
        examples,
        verification,
        review,
        release,
    )
    for tool in family.TOOLS
}
