"""A criterion is covered by tests that ran on the code as it is now and passed, and by nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from crew.agents.answers import Design
from crew.console.ending import report_text, run_finished
from crew.evidence.criteria import criteria_of
from crew.evidence.tests import NOT_RUN
from crew.report import DeliveryReport, delivery_report
from crew.report.html import render
from crew.report.pull_request import description
from crew.state import DeliveryState
from tests.crew.histories import History, history
from tools.redaction import Redactor
from tools.testing import Flaky, TestOutcome

COVERED = 5
"""Criteria of the story that its design covers; the sixth is prose."""
EXAMPLES = {"KIO-1.1": ["tests/examples/test_kio_1.py::test_kio_1_1_a"]}
EXAMPLE = EXAMPLES["KIO-1.1"][0]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[History]:
    kept = history(tmp_path)
    yield kept
    kept.ledger.close()


def report(made: History, delivery: str) -> DeliveryReport:
    return delivery_report(made.ledger, made.artifacts, delivery)


def begun(made: History, **start: Any) -> str:
    """Open a delivery that has been designed, on a main branch whose tree is `tree-0`."""
    delivery = made.opened()
    facts = {"base": "main", "base_tree": "tree-0", "start": "main", "generated": True}
    made.acted(delivery, "open_repository", **facts | start)
    made.designed(delivery)
    return delivery


def peoples(made: History, examples: bool = True) -> str:
    """Open such a delivery to a repository that people made, with example tests."""
    delivery = begun(made, generated=False)
    if examples:
        made.committed(
            delivery, "tree-e", "write_examples", tests=EXAMPLES, file="tests/examples/test_kio_1.py"
        )
        made.concluded(delivery, "testing", summary="The examples hold the code to KIO-1.1.")
    return delivery


def whys(made: History, delivery: str) -> list[str]:
    """Return why each criterion that the design covers is not covered."""
    found = report(made, delivery)
    assert [bool(each.why) for each in found.criteria] == [not each.covered for each in found.criteria]
    assert all(not each.tests for each in found.criteria if not each.covered)
    return [each.why for each in found.criteria[:COVERED]]


def test_what_is_only_designed_is_not_covered(made: History) -> None:
    delivery = begun(made)
    made.closed(delivery, "stopped", version="")
    assert set(whys(made, delivery)) == {"not tested yet: it is designed, but no part of it is built"}
    found = report(made, delivery)
    assert (found.covered, found.not_covered, found.tests) == (0, 6, "")


def test_example_tests_before_the_code_are_no_tests_of_it(made: History) -> None:
    delivery = peoples(made)
    made.closed(delivery, "stopped", version="")
    assert set(whys(made, delivery)) == {"not tested yet: it is designed, but no part of it is built"}
    assert report(made, delivery).tests == "", "the testing agent said it of its examples"


def test_code_whose_tests_have_not_run_is_not_covered(made: History) -> None:
    delivery = begun(made)
    made.generated(delivery)
    made.committed(delivery, "tree-1")
    made.closed(delivery, "stopped", version="")
    assert set(whys(made, delivery)) == {"not tested yet: the tests have not run on its code"}
    assert report(made, delivery).tests == NOT_RUN
    made.acted(delivery, "run_tests", ok=False)
    assert set(whys(made, delivery)) == {"not tested yet: run_tests is done."}


def test_code_that_was_repaired_is_not_covered_by_the_run_before(made: History) -> None:
    delivery = begun(made)
    tests = made.generated(delivery)
    made.committed(delivery, "tree-1")
    wrong = TestOutcome(id=tests[1], outcome="failed", message="assert 1 == 2\n + where 1 = f()")
    made.ran(delivery, "tree-1", [tests[0], *tests[2:]], wrong)
    made.concluded(delivery, "testing", summary="One test failed.")
    assert whys(made, delivery) == [
        "", f"its test failed: {tests[1]}: assert 1 == 2 + where 1 = f()", "", "", "",
    ]  # fmt: skip
    assert report(made, delivery).tests == "run_tests is done."

    made.committed(delivery, "tree-2")
    assert set(whys(made, delivery)) == {"not tested yet: the code has changed since the tests ran"}
    assert report(made, delivery).tests == NOT_RUN

    made.ran(delivery, "tree-2", tests)
    assert set(whys(made, delivery)) == {""}
    made.concluded(delivery, "testing", summary="All 5,000 passed.")
    assert report(made, delivery).tests == "run_tests is done.", "what a model says is no evidence"


def test_a_commit_of_the_same_code_takes_nothing_back(made: History) -> None:
    delivery = begun(made)
    tests = made.generated(delivery)
    made.committed(delivery, "tree-1")
    made.ran(delivery, "tree-1", tests)
    made.concluded(delivery, "testing", summary="All passed.")
    made.committed(delivery, "tree-1")
    made.ran(delivery, "tree-x", [], TestOutcome(id="t", outcome="failed"))
    assert report(made, delivery).covered == COVERED
    assert report(made, delivery).tests == "run_tests is done."


def test_what_was_not_merged_is_not_covered_once_the_delivery_has_ended(made: History) -> None:
    delivery = begun(made)
    tests = made.generated(delivery)
    made.committed(delivery, "tree-1")
    made.ran(delivery, "tree-1", tests)
    assert report(made, delivery).covered == COVERED
    made.closed(delivery, "stopped", version="")
    assert report(made, delivery).covered == 0
    assert set(whys(made, delivery)) == {"its tests passed on the story's branch, which was not merged"}


def test_what_was_taken_back_counts_no_more(made: History) -> None:
    delivery = begun(made)
    tests = made.generated(delivery)
    made.committed(delivery, "tree-1")
    made.ran(delivery, "tree-1", tests)
    made.acted(delivery, "reset_workspace", commit="main")
    assert set(whys(made, delivery)) == {"not tested yet: it is designed, but no part of it is built"}
    assert report(made, delivery).tests == ""


def test_what_is_delivered_stays_covered_by_the_tests_that_passed(made: History) -> None:
    delivery = begun(made)
    tests = made.generated(delivery)
    made.committed(delivery, "tree-1")
    more = (
        TestOutcome(id=f"{tests[1]}[0]", outcome="passed"),
        TestOutcome(id=f"{tests[1]}[1]", outcome="passed"),
        TestOutcome(id=f"{tests[1]}_other", outcome="failed"),
    )
    made.ran(delivery, "tree-1", [tests[0], *tests[2:]], *more)
    made.closed(delivery)
    found = report(made, delivery)
    assert [each.tests for each in found.criteria] == [*((name,) for name in tests[:COVERED]), ()]
    assert found.covered == COVERED


@pytest.mark.parametrize(
    ("outcomes", "more", "why"),
    [
        ([], {}, "its test did not run: {}"),
        ([("{}", "skipped", "no network")], {}, "its test was skipped: {}: no network"),
        ([("{}", "errored", "")], {}, "its test failed: {}"),
        ([("{}[1]", "failed", "it is")], {}, "its test failed: {}[1]: it is"),
        (
            [("tests/acceptance/test_kio_1.py", "errored", "no module")],
            {},
            "its test failed: tests/acceptance/test_kio_1.py: no module",
        ),
        (
            [("{}", "passed", "")],
            {"flaky": [Flaky(id="{}", outcomes=("passed", "failed"))]},
            "its test gave a different result when it was run again: {}",
        ),
        (
            [("{}", "passed", "")],
            {"problem": "The run broke off.\nmore"},
            "the test run could not be completed: The run broke off.",
        ),
    ],
)
def test_a_test_that_did_not_pass_covers_nothing(
    made: History, outcomes: list[tuple[str, str, str]], more: dict[str, Any], why: str
) -> None:
    delivery = begun(made)
    name, *_ = made.generated(delivery)
    made.committed(delivery, "tree-1")
    told = [
        TestOutcome.model_validate({"id": each.format(name), "outcome": outcome, "message": message})
        for each, outcome, message in outcomes
    ]
    more = more | {"flaky": [each.model_copy(update={"id": name}) for each in more.get("flaky", ())]}
    made.ran(delivery, "tree-1", [], *told, **more)
    assert whys(made, delivery)[0] == why.format(name)


def test_nothing_changed_is_covered_by_whoever_tested_that_tree(made: History) -> None:
    first = begun(made)
    tests = made.generated(first)
    made.committed(first, "tree-1")
    again = begun(made, base_tree="tree-1")
    made.generated(again)
    made.acted(again, "commit", commit="main", tree="tree-1")
    nobody = "not tested: nothing had to be changed, and no test run on this code is on record"
    assert set(whys(made, again)) == {nobody}
    made.ran(first, "tree-1", tests)
    assert set(whys(made, again)) == {""}
    assert report(made, again).tests == ""


def test_dropped_examples_are_not_named(made: History) -> None:
    delivery = peoples(made)
    made.committed(delivery, "tree-1")
    dropped = [{"test": EXAMPLE, "why": "it runs no line for which there is a mutant"}]
    made.committed(delivery, "tree-2", "keep_examples", tests={}, kept=[], dropped=dropped)
    why = f"its tests were not kept: {EXAMPLE}, because it runs no line for which there is a mutant"
    assert whys(made, delivery)[0] == why
    made.ran(delivery, "tree-2", ["tests/test_own.py::test_a"])
    # What has no example test is covered by the repository's own tests, as a whole.
    assert whys(made, delivery) == [why, "", "", "", ""]


def test_examples_that_ran_and_passed_are_named(made: History) -> None:
    delivery = peoples(made)
    made.committed(delivery, "tree-1")
    kept = [{"test": EXAMPLE, "why": "it notices a mutant"}]
    made.committed(delivery, "tree-1", "keep_examples", tests=EXAMPLES, kept=kept, dropped=[])
    assert set(whys(made, delivery)) == {"not tested yet: the tests have not run on its code"}
    made.ran(delivery, "tree-1", ["tests/test_own.py::test_a"])
    assert whys(made, delivery)[0] == f"its test did not run: {EXAMPLE}"
    made.ran(delivery, "tree-1", ["tests/test_own.py::test_a", EXAMPLE])
    assert report(made, delivery).criteria[0].tests == (EXAMPLE,)
    assert report(made, delivery).criteria[1].tests == ()
    assert report(made, delivery).covered == COVERED


def test_where_a_command_runs_the_tests_examples_count_that_were_seen_to_pass(made: History) -> None:
    delivery = peoples(made)
    made.committed(delivery, "tree-1")
    made.acted(delivery, "run_tests", {"report": "ok"}, tree="tree-1", unit="command")
    assert whys(made, delivery)[0] == f"its test was not observed to run: {EXAMPLE}"
    kept = [{"test": EXAMPLE, "why": "it notices a mutant"}]
    made.committed(delivery, "tree-1", "keep_examples", tests=EXAMPLES, kept=kept, dropped=[])
    assert report(made, delivery).criteria[0].tests == (EXAMPLE,)
    made.acted(delivery, "run_tests", {"report": "no"}, ok=False, tree="tree-1", unit="command")
    assert whys(made, delivery)[0] == f"its test was not observed to run: {EXAMPLE}"
    assert whys(made, delivery)[1] == "the repository's tests did not pass: run_tests is done."


def test_examples_that_were_taken_back_are_forgotten(made: History) -> None:
    delivery = peoples(made)
    made.acted(delivery, "reset_workspace", commit="main")
    made.committed(delivery, "tree-1")
    made.ran(delivery, "tree-1", ["tests/test_own.py::test_a"])
    assert report(made, delivery).criteria[0].tests == ()
    assert report(made, delivery).covered == COVERED


def test_every_outlet_says_the_same(made: History) -> None:
    delivery = begun(made)
    tests = made.generated(delivery)
    made.committed(delivery, "tree-1")
    wrong = TestOutcome(id=tests[0], outcome="failed", message="broken")
    made.ran(delivery, "tree-1", tests[1:], wrong)
    made.closed(delivery, "failed", version="v")
    found = report(made, delivery)
    why = f"its test failed: {tests[0]}: broken"

    said = report_text([found], Path("/r.html"), made.home)
    assert f"  [ ] KIO-1.1 A shelf has a name (text).\n      not covered: {why}\n" in said
    assert said.count("[x]") == 4
    page = render([found], Redactor(()))
    assert "4 of 6 covered" in page
    assert f'<div class="no">{why}</div>' in page
    assert "read as: " in page
    (told,) = json.loads(run_finished([found], Path("/r.html")))["deliveries"]
    assert told["criteria"] == {"covered": 4, "not_covered": 2}

    story = made.file.stories[0]
    state: Any = {
        "story": {"id": story.id, "title": story.title, "story": story.story, "criteria": []},
        "answers": {"testing": {"summary": "One failed."}},
    }
    text = description(cast(DeliveryState, state), found.criteria, found.tests)
    assert f"  not covered: {why}\n" in text
    assert f"covered by POST /papers/{{id}}/sell\n  tested by {tests[4]}\n" in text
    assert text.count("tested by") == 4


def test_before_the_design_nothing_is_said_of_tests(made: History) -> None:
    delivery = made.opened()
    found = criteria_of(made.ledger, made.artifacts, delivery, Design())
    assert {each.why for each in found} == {"the design did not get that far"}


CALCULATOR = """\
service: kiosk
stories:
  - id: KIO-1
    title: Division
    acceptance:
      - POST /calculator by zero is rejected with 400.
      - GET /calculations/{id}/calculator by zero is rejected with 422.
      - A calculation can be divided.
"""
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
DIVISION = """\
def test_by_zero(client):
    assert client.get("/calculations/1/calculator?by=0").status_code == 422
"""


def committed_tree(repository: Path) -> str:
    """Make a repository with a test, and return its tree."""
    (repository / "tests").mkdir(parents=True)
    (repository / "tests" / "test_division.py").write_text(DIVISION)
    for command in (("init", "-qb", "main"), ("add", "-A"), ("commit", "-qm", "Import")):
        subprocess.run(["git", "-C", str(repository), *command], check=True)
    named = subprocess.run(
        ["git", "-C", str(repository), "rev-parse", "HEAD^{tree}"], check=True, capture_output=True, text=True
    )
    return named.stdout.strip()


def test_what_a_criterion_names_is_compared_with_its_tests(tmp_path: Path) -> None:
    made = history(tmp_path, CALCULATOR)
    tree = committed_tree(tmp_path / "kiosk")
    delivery = begun(made, generated=False, base_tree=EMPTY_TREE)
    outcomes = [{"id": f"KIO-1.{number}", "outcome": "covered"} for number in (1, 2, 3)]
    made.committed(delivery, tree)
    made.ran(delivery, tree, ["tests/test_division.py::test_by_zero"])
    found = criteria_of(made.ledger, made.artifacts, delivery, Design.model_validate({"criteria": outcomes}))
    assert [each.covered for each in found] == [False, True, True]
    assert found[0].why == (
        "it names POST /calculator; its tests request GET /calculations/1/calculator?by=0; "
        "it names status 400; the test asserts 422"
    )
    assert found[0].tests == ()
    shutil.rmtree(tmp_path / "kiosk")
    found = criteria_of(made.ledger, made.artifacts, delivery, Design.model_validate({"criteria": outcomes}))
    assert found[1].why.startswith("what it names cannot be compared, as its tests cannot be read: ")
    assert found[2].covered
    made.ledger.close()
