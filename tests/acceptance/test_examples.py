"""Example tests of a custom operation: written before its service exists, judged by the function that is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from crew.app import cache_folder
from tests.acceptance.test_custom import BODY, FILE, FIRST, SCHEDULE, write
from tests.crew.doors import setting
from tools.blueprint.reader.model_wordings import Wording
from tools.catalogue.criteria import ReadCriteria, SettleBlueprint, read_criteria, settle_blueprint
from tools.catalogue.dependencies import InstallDependencies, install_dependencies
from tools.catalogue.example_tests import KeepExamples, WriteExamples, keep_examples, write_examples
from tools.catalogue.generation import GenerateService, generate_service
from tools.catalogue.linting import RunLinters, run_linters
from tools.catalogue.repository import Commit, OpenRepository, commit, open_repository
from tools.catalogue.test_context import DescribeTestContext, describe_test_context
from tools.result import ToolResult, Workbench
from tools.sandbox import choose
from tools.test_integrity.protected_tests import is_protected

pytestmark = pytest.mark.slow

EXAMPLES = "tests/examples/test_ln_1.py"
GOOD = '''"""Examples."""

import httpx

from tests.bodies import make_loan
from tests.support import Api, accepted


def schedule(api: Api, months: int = 3, query: dict[str, str] | None = None) -> httpx.Response:
    loan = make_loan(api, {"principal": 1000, "rate": 12, "months": months})
    return api.get(f"/loans/{loan['id']}/amortisation-schedule", query)


def test_ln_1_2_last_payment_settles(api: Api) -> None:
    answer = accepted(schedule(api))
    assert [each["payment"] for each in answer["items"]] == [340.02, 340.02, 340.03]
    assert answer["items"][-1]["balance"] == 0
'''
IDLE = """

def test_ln_1_2_a_loan_is_kept(api: Api) -> None:
    loan = make_loan(api, {"months": 3})
    assert accepted(api.get(f"/loans/{loan['id']}"))["months"] == 3
"""
WRONG = """

def test_ln_1_2_wrong(api: Api) -> None:
    assert accepted(schedule(api))["totalInterest"] == 20
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A story of which one criterion is a custom operation, settled; nothing is generated yet."""
    made = setting(tmp_path_factory.mktemp("examples"), None).bench
    return replace(
        made,
        service="bank",
        repository=made.repository.with_name("bank"),
        story="LN-1",
        sandbox=choose(),
        cache=cache_folder(),
        action="a-1",
    )


@pytest.fixture(scope="module")
def settled(bench: Workbench) -> ToolResult:
    assert open_repository(bench, OpenRepository(story=bench.story)).ok
    criteria = [{"id": f"LN-1.{at}", "text": text} for at, text in enumerate(FIRST, start=1)]
    story = bench.artifacts.put(json.dumps({"id": "LN-1", "criteria": criteria}).encode())
    proposal = read_criteria(bench, ReadCriteria(story=story)).artifacts["proposal"]
    sentences = [
        "A loan has a principal (money, 1 to 1000000), a rate (number, 0 to 100) and months (integer, 1 to 480)."
    ]
    wordings = [
        Wording(id="LN-1.1", sentences=sentences),
        Wording(id="LN-1.2", custom=["amortisation schedule"]),
    ]
    made = settle_blueprint(bench, SettleBlueprint(proposal=proposal, wordings=wordings, custom=[SCHEDULE]))
    assert made.ok, made
    return made


@pytest.fixture(scope="module")
def written(bench: Workbench, settled: ToolResult) -> ToolResult:
    """Examples, then the generation, then the function."""
    told = describe_test_context(
        bench, DescribeTestContext(blueprint=settled.artifacts["blueprint"], criteria=["LN-1.1", "LN-1.2"])
    )
    assert told.data["criteria"] == ["LN-1.2"]
    assert told.data["operations"] == [
        {
            "criterion": "LN-1.2",
            "request": "GET /loans/{id}/amortisation-schedule",
            "does": SCHEDULE.does,
            "roles": ["clerk"],
            "query": ["first (integer, 1.., optional)", "last (integer, 1.., optional)"],
            "answer": ["totalInterest (money)"],
            "items": [
                "number (integer)",
                *(f"{name} (money)" for name in ("payment", "interest", "principal", "balance")),
            ],
        }
    ]
    assert told.data["make"] == [
        "make_loan: POST /loans with principal (money, 1..1000000), rate (number, 0..100), months (integer, 1..480)"
    ]
    examples = write_examples(bench, WriteExamples(content=GOOD + IDLE + WRONG))
    assert examples.ok, examples
    assert generate_service(bench, GenerateService(**settled.artifacts)).ok
    assert (bench.workspace / EXAMPLES).is_file()
    write(bench.workspace / FILE, BODY)
    assert install_dependencies(bench, InstallDependencies()).ok
    return commit(bench, Commit(message="Show what is to be paid each month"))


def test_examples_of_a_custom_operation(bench: Workbench, written: ToolResult) -> None:
    before = str(written.data["commit"])
    done = keep_examples(bench, KeepExamples(commit=before))

    assert done.ok, done
    assert done.data["tests"] == {
        "LN-1.2": [f"{EXAMPLES}::test_ln_1_2_last_payment_settles", f"{EXAMPLES}::test_ln_1_2_wrong"]
    }
    assert [each["test"] for each in done.data["failing"]] == [f"{EXAMPLES}::test_ln_1_2_wrong"]  # type: ignore[union-attr,index,call-overload]
    assert [each["test"] for each in done.data["dropped"]] == [f"{EXAMPLES}::test_ln_1_2_a_loan_is_kept"]  # type: ignore[union-attr,index,call-overload]
    assert "app/custom" in str(written.data["files"])
    assert is_protected(bench, EXAMPLES)
    problems = run_linters(bench, RunLinters()).data["problems"]
    assert [each for each in problems if EXAMPLES in str(each)] == []  # type: ignore[union-attr]
    # The same action again, as after a crash: what was found out counts, and nothing is dropped twice.
    assert keep_examples(bench, KeepExamples(commit=before)) == done


def test_examples_come_before_the_code(bench: Workbench, written: ToolResult) -> None:
    late = write_examples(bench, WriteExamples(content=GOOD))

    assert (late.ok, late.code) == (False, "too_late")


def test_nothing_is_asked_for_without_custom_operations(
    bench: Workbench, settled: ToolResult, tmp_path: Path
) -> None:
    elsewhere = replace(bench, delivery="ln-1-other", workspace=tmp_path / "ln-1-other")
    told = describe_test_context(
        elsewhere, DescribeTestContext(blueprint=settled.artifacts["blueprint"], criteria=["LN-1.1"])
    )

    assert (told.ok, told.data) == (True, {"criteria": []})
    assert write_examples(elsewhere, WriteExamples(content=GOOD)).code == "not_asked"
