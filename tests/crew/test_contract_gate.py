"""From the two contracts of a repository to a person who is asked at the merge."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from crew.door.call import Call
from crew.door.policy_facts import Facts
from crew.records.artifacts import ArtifactStore
from crew.records.ledger import Ledger
from crew.report.plan import Plan, StoryPlan, for_a_person, show_plan
from tests.conftest import Build
from tests.crew.policies.calls import ALLOWED
from tests.crew.policies.test_policies import policies
from tests.tools.blueprint.contract_differences import CASES, CONTRACT, Case, edited
from tests.tools.deliveries import delivery
from tools.blueprint.contract_diff import contract_changes
from tools.catalogue.registry import CATALOGUE
from tools.catalogue.repository import Commit, Merge, commit
from tools.catalogue.review import CheckContract, check_contract
from tools.projects.trees import branch_tree
from tools.redaction import Redactor
from tools.result import Workbench

NAMED = {case.name: case for case in CASES}
IF = "POST /orders: The `if` of the request body cannot be compared; a person has to decide."


def changed(tmp_path: Path, before: Any, after: Any) -> Workbench:
    """A delivery that has committed another contract."""
    texts = [text if isinstance(text, str) else yaml.safe_dump(text) for text in (before, after)]
    bench = delivery(tmp_path, {"openapi.yaml": texts[0], "requirements.txt": ""})
    (bench.workspace / "openapi.yaml").write_text(texts[1])
    (bench.workspace / "note.txt").write_text("Changed.\n")
    commit(bench, Commit(message="Change the contract"))
    return bench


def asked(bench: Workbench, build: Build) -> tuple[str, ...]:
    """What the policies ask at a merge with the facts that the crew finds of the contract."""
    ledger = Ledger(bench.home / "ledger.db", Redactor(()))
    try:
        facts = Facts(bench, ledger, ArtifactStore(bench.home / "artifacts", Redactor(())))
        merge = Merge(tree=branch_tree(bench), title="Change the contract")
        asking = Call(
            delivery=bench.delivery, role="crew", visit=1, step=1, index=0, tool="merge",
            arguments=merge.model_dump(mode="json"), rationale="The change is complete.",
        )  # fmt: skip
        found = facts(asking, CATALOGUE["merge"], merge)
    finally:
        ledger.close()
    call = copy.deepcopy(ALLOWED["merge"])
    call["facts"]["contract"] = found["contract"]
    decision = build(policies()).decide(call)
    assert decision.outcome == ("ask" if decision.rules else "allow")
    return decision.rules


@pytest.mark.parametrize(
    ("name", "summary", "rules"),
    [
        (
            "if",
            "1 change of the contract cannot be compared; a person has to decide.",
            ("contract.incomparable",),
        ),
        ("required parameter at path level", "1 change breaks the contract", ("contract.breaking",)),
        ("optional parameter", "The contract changes are additive", ()),
        ("Swagger 2.0", "cannot be compared", ("contract.incomparable",)),
    ],
)
def test_a_person_is_asked_at_the_merge(
    tmp_path: Path, build: Build, name: str, summary: str, rules: tuple[str, ...]
) -> None:
    case: Case = NAMED[name]
    bench = changed(tmp_path, CONTRACT, case.document)

    result = check_contract(bench, CheckContract())

    assert summary in result.summary
    assert bool(result.data["findings"]) is bool(rules)
    assert asked(bench, build) == rules


def test_the_finding_names_operation_and_keyword(tmp_path: Path) -> None:
    result = check_contract(changed(tmp_path, CONTRACT, NAMED["if"].document), CheckContract())

    assert result.data["findings"] == [{"severity": "warning", "what": IF, "file": "openapi.yaml"}]


LAUGHS = "a0: &a0 x\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 50))


@pytest.mark.parametrize(
    "after",
    [
        *("paths: [", "paths: {}\npaths: {}\n", "paths: {? [a] : b}", "made: 2026-99-99", "- a\n- b\n", ""),
        pytest.param(LAUGHS, id="aliases", marks=pytest.mark.attack),
        pytest.param("[" * 100_000, id="deep", marks=pytest.mark.attack),
    ],
)
def test_what_is_no_contract_any_more_is_for_a_person(tmp_path: Path, regopy_only: Build, after: str) -> None:
    bench = changed(tmp_path, CONTRACT, after)

    assert "cannot be compared; a person has to decide" in check_contract(bench, CheckContract()).summary
    assert asked(bench, regopy_only) == ("contract.incomparable",)


@pytest.mark.parametrize(
    "document", [CONTRACT, "paths: [", {"swagger": "2.0", "paths": {}}], ids=["3.1", "broken", "2.0"]
)
def test_a_contract_that_nobody_touched_asks_nobody(
    tmp_path: Path, regopy_only: Build, document: Any
) -> None:
    assert asked(changed(tmp_path, document, document), regopy_only) == ()


def test_a_plan_says_what_a_person_has_to_decide() -> None:
    changes = contract_changes(
        CONTRACT, edited(NAMED["if"].document, "/paths/~1b", {"get": {"responses": {}}})
    )
    story = StoryPlan(story="A-1", title="Gifts", criteria=(), changes=changes, person=for_a_person(changes))

    said = show_plan(Plan(service="orders", repository="orders", new=False, stories=(story,)))

    assert f"    incomparable  {IF}\n    additive  GET /b: The operation is new.\n" in said
    assert f"  needs a person\n    {IF}\n" in said


ROUTES = """\
from fastapi import APIRouter

router = APIRouter(prefix="/orders")


@router.post("")
def create(): ...
"""


@pytest.mark.parametrize(
    ("contract", "what"),
    [
        ({"paths": {"/orders": {"post": {}}}}, None),
        ({"paths": {}}, "POST /orders is not in openapi.yaml. Add it to the contract, or remove the route."),
        (
            {"paths": {"/orders": {"post": {}, "get": {}}}},
            "GET /orders is in the contract, but no code declares this route.",
        ),
    ],
)
def test_a_route_that_code_and_contract_do_not_share_blocks(
    tmp_path: Path, contract: Any, what: str | None
) -> None:
    bench = delivery(tmp_path, {"README.md": "New.\n"})
    for path, text in (("app/routes/order.py", ROUTES), ("openapi.yaml", yaml.safe_dump(contract))):
        (bench.workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (bench.workspace / path).write_text(text)
    commit(bench, Commit(message="Add orders"))

    result = check_contract(bench, CheckContract())

    blocking = [each["what"] for each in result.data["findings"] if each["severity"] == "blocking"]  # type: ignore
    assert blocking == ([what] if what else [])
    assert ("Code and contract differ in 1 route." in result.summary) is bool(what)
