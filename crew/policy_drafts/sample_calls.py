"""Sample calls for trying out a drafted policy: one allowed call per tool, and malformed variants of calls."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, JsonValue

Document = dict[str, JsonValue]
_WORKSPACE = "/home/me/.crew/work/D-1"
_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_FACTS: Document = {
    "workspace": _WORKSPACE,
    "paths": [{"text": "app/main.py", "resolved": f"{_WORKSPACE}/app/main.py"}],
    "secrets": [],
    "protected": False,
    "altered_tests": [],
    "guarding": [],
    "branch": "crew/d-1",
    "merged": True,
    "head_tree": _TREE,
    "tests": {"action": "a-2", "tree": _TREE, "passed": 40, "failed": 0, "errors": 0, "complete": True},
    "mutants": {"judged": 12, "noticed": 11},
    "scan": {"action": "a-3", "tree": _TREE, "high": 0, "medium": 0, "skipped": 0},
    "lint": {"action": "a-4", "tree": _TREE, "count": 0, "unchecked": []},
    "objections": [],
    "dependencies": {"added": {}, "unpinned": [], "licences": {}},
    "contract": {"breaking": [], "incomparable": []},
    "migrations": {"destructive": []},
}
"""Facts of a call to which no policy objects."""
_ODD: tuple[JsonValue, ...] = (None, 1, "odd", [], {})


class _ToolSettings(BaseModel):
    effect: str
    facts: dict[str, str] = {}
    """JSON types of the facts, by name."""


class _RoleSettings(BaseModel):
    tools: tuple[str, ...]


class PolicySettings(BaseModel):
    """The part of the policies' settings that is needed to construct calls."""

    tools: dict[str, _ToolSettings]
    roles: dict[str, _RoleSettings]


def example_call(data: Document, tool: str) -> Document:
    """Return an allowed call of a tool, constructed from the policies' data document.

    Raises KeyError for an unknown tool, or one that no role has.
    """
    settings = PolicySettings.model_validate(data["settings"])
    known = settings.tools[tool]
    holders = [name for name, role in settings.roles.items() if tool in role.tools]
    if not holders:
        raise KeyError(tool)
    blank: Document = {"string": "x", "array": [], "object": {}, "boolean": True, "number": 0}
    facts = {name: _FACTS.get(name, blank[kind]) for name, kind in known.facts.items()}
    return {
        "delivery": "D-1",
        "role": holders[0],
        "tool": tool,
        "effect": known.effect,
        "arguments": {"path": "app/main.py"} if "paths" in facts else {},
        "rationale": "The criterion D-1.1 asks for it.",
        "evidence": ["a-1", "a-2", "a-3", "a-4"],
        "facts": facts | {"known_evidence": ["a-1", "a-2", "a-3", "a-4"], "rationale_letters": 30},
    }


def example_calls(data: Document) -> Iterator[Document]:
    """Yield an allowed call of every tool that some role has."""
    for tool in PolicySettings.model_validate(data["settings"]).tools:
        try:
            yield example_call(data, tool)
        except KeyError:
            continue


def odd_calls(call: Document) -> Iterator[Document]:
    """Yield variants of a call, each with one value missing or replaced by one of a different type."""
    for name, member in call.items():
        yield {each: kept for each, kept in call.items() if each != name}
        yield from ({**call, name: odd} for odd in _ODD if odd != member)
        if isinstance(member, dict):
            yield from ({**call, name: odd} for odd in odd_calls(member))


def overlaid(call: Document, over: Document) -> Document:
    """Return a call with the members of `over` merged into it recursively."""
    merged = dict(call)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = (
            overlaid(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
        )
    return merged
