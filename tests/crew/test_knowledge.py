"""The knowledge graph: a projection of the ledger, the same however it came to be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crew.errors import BadInput, Stopped
from crew.knowledge.impact import impact_of, impact_text
from crew.knowledge.project import GRAPH, catch_up, edges_of, operations_of, rebuild
from crew.knowledge.store import EDGES, NODES, Node, open_store
from tests.crew.histories import History, history
from tools.blueprint.model import Action, CustomOperation, Entity, OperationSpec


@pytest.fixture
def known(tmp_path: Path) -> Iterator[History]:
    made = history(tmp_path)
    yield made
    made.ledger.close()


def content(home: Path) -> tuple[set[Node], set[tuple[str, str, str, str]]]:
    """Return everything that a graph holds."""
    with open_store(home / GRAPH) as store:
        nodes = {node for kind in NODES for node in store.all(kind)}
        edges = {
            (node[1], f"{start}_{name}_{end}", other[0], other[1])
            for start, name, end in EDGES
            for node in store.all(start)
            for other in store.neighbours(start, node[1], (start, name, end), forward=True)
        }
    return nodes, edges


def test_the_graph_holds_what_the_ledger_says(known: History) -> None:
    delivery = known.delivered()
    catch_up(known.home, known.ledger, known.artifacts)
    nodes, edges = content(known.home)
    said = list(edges_of(known.ledger, known.artifacts, delivery))
    assert nodes == {node for start, _, end in said for node in (start, end)}
    assert edges == {(a[1], f"{a[0]}_{name}_{b[0]}", b[0], b[1]) for a, name, b in said}
    assert {node[0] for node in nodes} == set(NODES)


def test_to_catch_up_again_changes_nothing(known: History) -> None:
    known.delivered()
    catch_up(known.home, known.ledger, known.artifacts)
    before = content(known.home)
    catch_up(known.home, known.ledger, known.artifacts)
    assert content(known.home) == before


def test_made_anew_it_is_the_same(known: History) -> None:
    for _ in range(3):
        known.delivered()
        catch_up(known.home, known.ledger, known.artifacts)
    before = content(known.home)
    assert rebuild(known.home).startswith("The graph was rebuilt from 3 deliveries")
    assert content(known.home) == before


def test_what_was_left_out_is_caught_up_with(known: History) -> None:
    missed, later = known.delivered(), known.delivered()
    catch_up(known.home, known.ledger, known.artifacts)
    assert {name for kind, name, _ in content(known.home)[0] if kind == "Delivery"} == {missed, later}


def test_a_delivery_that_has_not_ended_is_no_knowledge_yet(known: History) -> None:
    delivery = known.opened()
    catch_up(known.home, known.ledger, known.artifacts)
    assert content(known.home) == (set(), set())
    known.closed(delivery, "stopped", version="")
    catch_up(known.home, known.ledger, known.artifacts)
    nodes, _ = content(known.home)
    assert {kind for kind, _, _ in nodes} == {"Service", "Story", "Delivery"}
    with pytest.raises(BadInput, match="No part of kiosk is merged yet"):
        impact_of(known.home, "kiosk")


def test_the_impact_of_an_operation_is_what_hangs_on_its_data(known: History) -> None:
    known.delivered()
    rebuild(known.home)
    found = impact_of(known.home, "kiosk.shelves")
    # Papers belong to shelves, so who changes shelves changes what papers rest on.
    assert found.entities == ("paper", "shelf")
    assert found.tables == ("papers", "shelves")
    assert "POST /papers/{id}/sell" in found.operations
    assert found.stories == ("KIO-1 Papers",)
    assert "app/main.py" in found.files
    assert len(found.tests) == 5
    assert impact_of(known.home, "kiosk.sell").entities == ("paper",)
    assert "1 table\n    papers" in impact_text(known.home, "kiosk.POST /papers")


def test_what_is_not_in_the_graph_is_said(known: History) -> None:
    with pytest.raises(BadInput, match="crew knowledge rebuild"):
        impact_of(known.home, "kiosk")
    known.delivered()
    rebuild(known.home)
    with pytest.raises(BadInput, match="Unknown service 'bakery'; known services: kiosk"):
        impact_of(known.home, "bakery")
    with pytest.raises(BadInput, match=r"has no operation 'burn'; it has: .*POST /papers"):
        impact_of(known.home, "kiosk.burn")


def test_a_broken_graph_is_said_and_made_anew(known: History) -> None:
    known.delivered()
    catch_up(known.home, known.ledger, known.artifacts)
    before = content(known.home)
    (known.home / GRAPH).write_bytes(b"junk" * 5_000)
    with pytest.raises(Stopped, match="crew knowledge rebuild"):
        catch_up(known.home, known.ledger, known.artifacts)
    rebuild(known.home)
    assert content(known.home) == before


def test_a_graph_that_another_process_holds_is_said(known: History) -> None:
    known.delivered()
    catch_up(known.home, known.ledger, known.artifacts)
    program = "import sys\nfrom pathlib import Path\nfrom crew.knowledge.store import open_store\n" \
              "with open_store(Path(sys.argv[1])):\n    print('open', flush=True)\n    sys.stdin.read()\n"  # fmt: skip
    command = [sys.executable, "-c", program, str(known.home / GRAPH)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(Stopped, match="If another crew process is using it, wait"):
            catch_up(known.home, known.ledger, known.artifacts)
        process.communicate()


def test_many_deliveries_fit(known: History) -> None:
    for _ in range(25):
        known.delivered()
    assert rebuild(known.home).startswith("The graph was rebuilt from 25 deliveries")


def test_custom_operations_are_operations_of_their_entity() -> None:
    schedule = CustomOperation(
        name="amortisation schedule", entity="loan", kind="query", does="x", criterion="L.1"
    )
    reprice = schedule.model_copy(update={"name": "reprice", "kind": "command"})
    entity = Entity(
        name="loan",
        operations=(OperationSpec(name="read"),),
        actions=(Action(verb="pay"),),
        custom=(schedule, reprice),
    )

    assert operations_of(entity) == [
        "GET /loans/{id}",
        "POST /loans/{id}/pay",
        "GET /loans/{id}/amortisation-schedule",
        "POST /loans/{id}/reprice",
    ]
