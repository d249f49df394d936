"""The impact of a change: what a change to a service or to one of its operations would affect."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from crew.errors import BadInput
from crew.knowledge.project import GRAPH
from crew.knowledge.store import GraphStore, Node, open_store
from tools.counting import counted


class Impact(BaseModel, frozen=True):
    """Everything that depends on a service or an operation."""

    subject: str
    operations: tuple[str, ...]
    """Operations on the affected entities."""
    entities: tuple[str, ...]
    """The entities that the subject acts on, and those that refer to them."""
    tables: tuple[str, ...]
    stories: tuple[str, ...]
    """Stories that requested the operations."""
    tests: tuple[str, ...]
    files: tuple[str, ...]
    """Files that those stories changed."""


_NAMES = {
    "operation": "operations",
    "entity": "entities",
    "table": "tables",
    "story": "stories",
    "test": "tests",
    "file": "files",
}


def impact_text(home: Path, subject: str) -> str:
    """Return the impact as readable text."""
    found = impact_of(home, subject)
    lines = [f"A change to {found.subject} touches"]
    for one, name in _NAMES.items():
        values: tuple[str, ...] = getattr(found, name)
        lines.append(f"  {counted(len(values), one, name)}")
        lines += [f"    {each}" for each in values]
    return "\n".join(lines)


def impact_json(home: Path, subject: str) -> str:
    """Return the impact as JSON."""
    return json.dumps(impact_of(home, subject).model_dump(mode="json"), indent=2)


def impact_of(home: Path, subject: str) -> Impact:
    """Return the impact of "SERVICE" or "SERVICE.OPERATION"; raises BadInput if it is not in the graph.

    An operation is given as in the contract ("POST /orders"), as its path, or as the first or last segment
    of its path ("orders", "cancel")."""
    if not (home / GRAPH).exists():
        raise BadInput(f"{home} has no knowledge graph. Build it from the ledger: crew knowledge rebuild.")
    service, _, operation = subject.partition(".")
    with open_store(home / GRAPH) as store:
        known = {node[1] for node in store.all("Service")}
        if service not in known:
            raise BadInput(
                f"Unknown service {service!r}; known services: {', '.join(sorted(known)) or 'none'}."
            )
        offered = store.neighbours("Service", service, ("Service", "OFFERS", "Operation"), forward=True)
        starts = [each for each in offered if not operation or _named(each, operation)]
        if not operation and not starts:
            raise BadInput(
                f"No part of {service} is merged yet, so there is nothing that a change could affect."
            )
        if not starts:
            names = ", ".join(each[2] for each in offered) or "none"
            raise BadInput(f"{service} has no operation {operation!r}; it has: {names}.")
        return _impact(store, subject, starts)


def _named(node: Node, operation: str) -> bool:
    path = node[2].partition(" ")[2]
    return operation in (node[2], path, path.rpartition("/")[2]) or (
        path.startswith(f"/{operation}/") and "/" not in operation
    )


def _impact(store: GraphStore, subject: str, starts: list[Node]) -> Impact:
    entities = _follow(store, starts, ("Operation", "ACTS_ON", "Entity"), forward=True)
    referring = _closure(store, entities)
    operations = _follow(store, referring, ("Operation", "ACTS_ON", "Entity"), forward=False)
    stories = _follow(store, starts, ("Story", "ASKS_FOR", "Operation"), forward=False)
    deliveries = _follow(store, stories, ("Delivery", "DELIVERS", "Story"), forward=False)
    commits = _follow(store, deliveries, ("Delivery", "MADE", "Commit"), forward=True)
    return Impact(
        subject=subject,
        operations=_names(operations),
        entities=_names(referring),
        tables=_names(_follow(store, referring, ("Entity", "STORED_IN", "Table"), forward=True)),
        stories=_names(stories),
        tests=_names(_follow(store, stories, ("Test", "CHECKS", "Story"), forward=False)),
        files=_names(_follow(store, commits, ("Commit", "CHANGES", "File"), forward=True)),
    )


def _closure(store: GraphStore, entities: list[Node]) -> list[Node]:
    """Return the entities and all entities that refer to them, directly or indirectly."""
    found = list(entities)
    while more := [
        each
        for each in _follow(store, found, ("Entity", "REFERS_TO", "Entity"), forward=False)
        if each not in found
    ]:
        found += more
    return found


def _follow(store: GraphStore, nodes: list[Node], edge: tuple[str, str, str], forward: bool) -> list[Node]:
    found = {each: None for kind, name, _ in nodes for each in store.neighbours(kind, name, edge, forward)}
    return list(found)


def _names(nodes: list[Node]) -> tuple[str, ...]:
    return tuple(sorted({node[2] for node in nodes}))
