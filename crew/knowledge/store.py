"""The graph store, a single file managed by Ladybug, an embedded graph database that is queried in Cypher.

It uses only the common subset of Cypher (MERGE, UNWIND, MATCH), and runs only the queries in this package,
never Cypher from a user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crew.errors import Stopped

if TYPE_CHECKING:
    import ladybug

BUFFER_BYTES = 256 * 1024 * 1024
"""Maximum size of the buffer pool, which would otherwise take up most of the memory; 64 MB are too few in practice."""

NODES = ("Service", "Story", "Operation", "Entity", "Table", "File", "Test", "Commit", "Delivery", "Finding")
EDGES: tuple[tuple[str, str, str], ...] = (
    ("Service", "OFFERS", "Operation"),
    ("Service", "HAS", "Entity"),
    ("Operation", "ACTS_ON", "Entity"),
    ("Entity", "STORED_IN", "Table"),
    ("Entity", "REFERS_TO", "Entity"),
    ("Story", "CONCERNS", "Service"),
    ("Story", "ASKS_FOR", "Operation"),
    ("Test", "CHECKS", "Story"),
    ("Test", "STANDS_IN", "File"),
    ("Delivery", "DELIVERS", "Story"),
    ("Delivery", "MADE", "Commit"),
    ("Commit", "CHANGES", "File"),
    ("Delivery", "RAISED", "Finding"),
    ("Finding", "ABOUT", "File"),
)

Node = tuple[str, str, str]
"""A node's kind, id and name."""
Edge = tuple[Node, str, Node]


class GraphStore:
    """An open knowledge graph."""

    def __init__(self, connection: ladybug.Connection) -> None:
        self._connection = connection
        for kind in NODES:
            # "Table" is a keyword in Cypher, so kinds are quoted throughout.
            self._run(f"CREATE NODE TABLE IF NOT EXISTS `{kind}`(id STRING, name STRING, PRIMARY KEY(id))")
        for start, name, end in EDGES:
            self._run(f"CREATE REL TABLE IF NOT EXISTS `{start}_{name}_{end}`(FROM `{start}` TO `{end}`)")

    def add(self, edges: Sequence[Edge]) -> None:
        """Add edges and the nodes they connect; existing ones are kept."""
        for kind in NODES:
            nodes = {node[1]: node[2] for start, _, end in edges for node in (start, end) if node[0] == kind}
            rows = [{"id": name, "name": shown} for name, shown in nodes.items()]
            if rows:
                self._run(
                    f"UNWIND $rows AS row MERGE (n:`{kind}` {{id: row.id}}) SET n.name = row.name",
                    {"rows": rows},
                )
        for start, name, end in EDGES:
            rows = [
                {"a": one[1], "b": other[1]}
                for one, said, other in edges
                if (one[0], said, other[0]) == (start, name, end)
            ]
            if rows:
                self._run(
                    f"UNWIND $rows AS row MATCH (a:`{start}` {{id: row.a}}), (b:`{end}` {{id: row.b}}) "
                    f"MERGE (a)-[:`{start}_{name}_{end}`]->(b)",
                    {"rows": rows},
                )
                # Until a checkpoint, each new kind of edge occupies 10 MB of memory.
                self._run("CHECKPOINT")

    def neighbours(self, kind: str, name: str, edge: tuple[str, str, str], forward: bool) -> list[Node]:
        """Return the nodes at the other end of a node's edges of the given kind, sorted by id."""
        start, said, end = edge
        pattern = f"(a:`{start}`)-[:`{start}_{said}_{end}`]->(b:`{end}`)"
        here, there, other = ("a", "b", end) if forward else ("b", "a", start)
        if (start if forward else end) != kind:
            raise ValueError(f"{kind} is not an end of {edge}")
        query = f"MATCH {pattern} WHERE {here}.id = $id RETURN DISTINCT {there}.id, {there}.name ORDER BY {there}.id"
        return [(other, str(row[0]), str(row[1])) for row in self._run(query, {"id": name})]

    def all(self, kind: str) -> list[Node]:
        """Return all nodes of a kind, sorted by id."""
        if kind not in NODES:
            raise ValueError(f"there are no {kind} nodes")
        return [
            (kind, str(row[0]), str(row[1]))
            for row in self._run(f"MATCH (n:`{kind}`) RETURN n.id, n.name ORDER BY n.id")
        ]

    def _run(self, query: str, values: Mapping[str, Any] | None = None) -> list[list[Any]]:
        result = self._connection.execute(query, dict(values or {}))
        answer = result[-1] if isinstance(result, list) else result
        rows: list[list[Any]] = []
        while answer.has_next():
            rows.append(list(answer.get_next()))
        return rows


@contextmanager
def open_store(path: Path) -> Iterator[GraphStore]:
    """Open the graph of a home for the duration of the block; only one process can have it open at a time.

    Raises Stopped if another process has it open, or if the file is not a valid graph.
    """
    import ladybug  # noqa: PLC0415  takes 0.2 s to import; few commands need it

    path.parent.mkdir(parents=True, exist_ok=True)
    # Each further thread needs its own buffer, which does not pay off for queries that take milliseconds.
    try:
        database = ladybug.Database(str(path), buffer_pool_size=BUFFER_BYTES, max_num_threads=1)
        connection = ladybug.Connection(database)
    except RuntimeError as error:
        said = str(error).splitlines()[0]
        raise Stopped(
            f"The knowledge graph {path} cannot be opened: {said}. If another crew process is using it, wait; "
            "if not, rebuild the graph from the ledger: crew knowledge rebuild."
        ) from error
    try:
        yield GraphStore(connection)
    finally:
        connection.close()
        database.close()
