"""The delivery graph as a Mermaid diagram, which is inserted into ARCHITECTURE.md.

`make docs` runs this module; a test fails if the diagram in the document is out of date.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from crew.delivery_context import DeliveryContext
from graphs.delivery import delivery_graph

START_MARK = "<!-- graph: made by `make docs`, checked by tests/test_docs.py -->\n"
END_MARK = "<!-- /graph -->"


def diagram() -> str:
    """Return the Mermaid source of the diagram; conditional edges are dotted."""
    # No context is needed, since the nodes do not run.
    drawn = delivery_graph(cast(DeliveryContext, None)).get_graph()
    lines = ["flowchart LR"]
    for edge in drawn.edges:
        start, end = edge.source.strip("_"), edge.target.strip("_").replace("end", "done")
        lines.append(f"    {start} {'-.->' if edge.conditional else '-->'} {end}")
    return "\n".join(lines)


def with_diagram(text: str) -> str:
    """Return the document with the current diagram between its markers."""
    before, rest = text.split(START_MARK, 1)
    after = rest.split(END_MARK, 1)[1]
    return f"{before}{START_MARK}```mermaid\n{diagram()}\n```\n{END_MARK}{after}"


if __name__ == "__main__":
    page = Path(__file__).resolve().parent.parent / "ARCHITECTURE.md"
    page.write_text(with_diagram(page.read_text()))
