"""The projection of the ledger onto the knowledge graph.

Its edges connect a delivery with its service, story, operations, files and tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from crew.evidence.evidence import last
from crew.knowledge.store import Edge, Node, open_store
from crew.known_secrets import redactor_of
from crew.records.artifacts import ArtifactStore
from crew.records.deliveries import Opened, ending_of, load_delivery
from crew.records.home_ledger import open_ledger
from crew.records.ledger import Ledger
from crew.report import delivery_report
from tools.blueprint.api_outline import operations, route
from tools.blueprint.model import Blueprint, Entity
from tools.blueprint.names import plural, snake
from tools.counting import counted

GRAPH = "knowledge/graph"


def catch_up(home: Path, ledger: Ledger, artifacts: ArtifactStore) -> None:
    """Add all ended deliveries that are missing from the graph of a home.

    This also picks up deliveries whose process died before adding them. Repeated calls have no further effect.
    """
    with open_store(home / GRAPH) as store:
        known = {node[1] for node in store.all("Delivery")}
        for delivery in _ended(ledger):
            if delivery not in known:
                store.add(list(edges_of(ledger, artifacts, delivery)))


def rebuild(home: Path) -> str:
    """Rebuild the graph from the ledger, and return a sentence about its contents."""
    folder = home / GRAPH
    for path in folder.parent.glob(f"{folder.name}*"):
        # The store keeps auxiliary files next to its main file.
        path.unlink()
    with open_ledger(home) as ledger:
        artifacts = ArtifactStore(home / "artifacts", redactor_of(home))
        known = _ended(ledger)
        edges = [edge for each in known for edge in edges_of(ledger, artifacts, each)]
    with open_store(folder) as store:
        store.add(edges)
    nodes = {node for start, _, end in edges for node in (start, end)}
    return (
        f"The graph was rebuilt from {counted(len(known), 'delivery', 'deliveries')}: {counted(len(nodes), 'node')}, "
        f"{counted(len(set(edges)), 'edge')}."
    )


def _ended(ledger: Ledger) -> list[str]:
    return [each for each in ledger.deliveries() if ending_of(ledger, each)]


def edges_of(ledger: Ledger, artifacts: ArtifactStore, delivery: str) -> Iterator[Edge]:
    """Yield the edges of the graph that follow from a delivery's rows in the ledger."""
    about = load_delivery(ledger, delivery)
    service: Node = ("Service", about.service, about.service)
    story: Node = ("Story", f"{about.service}/{about.story}", f"{about.story} {about.title}")
    here: Node = ("Delivery", delivery, delivery)
    yield story, "CONCERNS", service
    yield here, "DELIVERS", story
    report = delivery_report(ledger, artifacts, delivery)
    for each in report.findings:
        finding: Node = ("Finding", f"{delivery}/{each.role}/{each.file}/{each.line}/{each.what}", each.what)
        yield here, "RAISED", finding
        if each.file:
            yield finding, "ABOUT", _file(about, each.file)
    ended = ending_of(ledger, delivery)
    if ended is None or not ended.version:
        return  # an unmerged change says nothing about the service
    yield from _merged(ledger, artifacts, about, ended.version, (service, story, here))
    for criterion in report.criteria:
        for operation in criterion.operations:
            yield story, "ASKS_FOR", _operation(about, operation)
        for test in criterion.tests:
            yield ("Test", f"{about.service}/{test}", test), "CHECKS", story
            yield (
                ("Test", f"{about.service}/{test}", test),
                "STANDS_IN",
                _file(about, test.partition("::")[0]),
            )


def _merged(
    ledger: Ledger, artifacts: ArtifactStore, about: Opened, version: str, nodes: tuple[Node, Node, Node]
) -> Iterator[Edge]:
    service, _, here = nodes
    commit: Node = ("Commit", f"{about.service}/{version}", version[:12])
    yield here, "MADE", commit
    request = last(ledger, artifacts, about.delivery, "open_pull_request")
    if request and request.ok:
        for each in json.loads(artifacts.get(request.artifacts["record"]))["files"]:
            yield commit, "CHANGES", _file(about, str(each["path"]))
    settled = last(ledger, artifacts, about.delivery, "settle_blueprint")
    if settled and settled.ok:
        blueprint = Blueprint.model_validate_json(artifacts.get(settled.artifacts["blueprint"]))
        for entity in blueprint.entities:
            yield from _entity(about, service, entity)


def _entity(about: Opened, service: Node, entity: Entity) -> Iterator[Edge]:
    here: Node = ("Entity", f"{about.service}/{entity.name}", entity.name)
    yield service, "HAS", here
    table = snake(plural(entity.name))
    yield here, "STORED_IN", ("Table", f"{about.service}/{table}", table)
    for reference in entity.references:
        yield here, "REFERS_TO", ("Entity", f"{about.service}/{reference.target}", reference.target)
    for name in operations_of(entity):
        operation = _operation(about, name)
        yield service, "OFFERS", operation
        yield operation, "ACTS_ON", here


def operations_of(entity: Entity) -> list[str]:
    """Return the operations of an entity as they appear in the contract, such as "POST /orders"."""
    return [" ".join(route(entity, each)) for each in operations(entity)]


def _operation(about: Opened, name: str) -> Node:
    return "Operation", f"{about.service}/{name}", name


def _file(about: Opened, path: str) -> Node:
    return "File", f"{about.service}/{path}", path
