"""Answer checks: an answer may be more careful than they are, never less."""

from __future__ import annotations

import pytest

from crew.agents import EXAMPLES, ROLES
from crew.agents.governance import LOOKS
from crew.state import RoleName
from tools.result import ToolResult

FINE = ToolResult(ok=True, code="ok", summary="Fine.", data={"findings": []})
FAILED = ToolResult(ok=False, code="tests_failed", summary="1 test failed.")
GRAVE = ToolResult(
    ok=True, code="ok", summary="Grave.", data={"findings": [{"severity": "blocking", "what": "x"}]}
)
WARNED = ToolResult(
    ok=True, code="ok", summary="So so.", data={"findings": [{"severity": "warning", "what": "x"}]}
)
LINTED = ToolResult(ok=True, code="ok", summary="mypy objects to 1 place.", data={"count": 1})
LOOKED = dict.fromkeys(LOOKS, FINE)
CASES: list[tuple[RoleName, dict[str, ToolResult], bool, str]] = [
    ("code", {"commit": FINE}, False, ""),
    ("code", {}, False, "Nothing is committed"),
    ("code", {"commit": FAILED}, False, "Nothing is committed"),
    ("code", {}, True, ""),
    ("code", {"commit": FINE, "run_linters": LINTED}, False, ""),
    ("code", {"commit": FINE, "run_linters": FINE}, False, ""),
    ("testing", {"run_tests": FINE}, False, ""),
    ("testing", {"run_tests": FINE}, True, ""),
    ("testing", {}, False, "The tests have not been run"),
    ("testing", {"run_mutants": FINE}, False, "The tests have not been run"),
    ("testing", {"run_tests": FAILED}, False, "The tests failed"),
    ("testing", {"run_tests": FAILED}, True, ""),
    ("testing", {}, True, ""),
    ("governance", LOOKED, False, ""),
    ("governance", LOOKED, True, ""),
    *[
        (
            "governance",
            {name: FINE for name in LOOKS if name != left},
            True,
            f"not complete: call {left} first",
        )
        for left in LOOKS
    ],
    *[("governance", LOOKED | {name: GRAVE}, False, f"{name} found something that blocks") for name in LOOKS],
    *[
        ("governance", LOOKED | {name: FAILED}, False, f"{name} found something that blocks")
        for name in LOOKS
    ],
    *[("governance", LOOKED | {name: GRAVE}, True, "") for name in LOOKS],
    ("governance", LOOKED | {"scan_code": WARNED}, False, ""),
]


@pytest.mark.parametrize(("role", "done", "blocks", "objection"), CASES)
def test_an_answer_is_never_less_careful_than_the_results(
    role: RoleName, done: dict[str, ToolResult], blocks: bool, objection: str
) -> None:
    findings = [{"severity": "blocking", "what": "It does not work."}] if blocks else []
    findings.append({"severity": "note", "what": "A name could be better."})
    answer = ROLES[role].answer.model_validate({"summary": "Done.", "findings": findings})
    said = ROLES[role].check(done, answer)
    assert objection in said
    assert bool(said) == bool(objection)


@pytest.mark.parametrize(
    ("done", "none", "said"),
    [
        ({"write_examples": FINE}, "", ""),
        ({}, "Nothing can be told from it.", ""),
        ({}, "", "No test has been written"),
        ({"write_examples": FAILED}, "", "No test has been written"),
    ],
)
def test_example_tests_are_written_or_it_is_said_why_not(
    done: dict[str, ToolResult], none: str, said: str
) -> None:
    answer = EXAMPLES.answer.model_validate({"summary": "Done.", "none": none})
    assert EXAMPLES.check(done, answer).startswith(said)
    assert bool(EXAMPLES.check(done, answer)) == bool(said)


def test_what_linters_object_to_is_mended_or_named() -> None:
    role = ROLES["code"]
    done = {"commit": FINE, "run_linters": LINTED}
    assert "mypy objects to 1 place. Fix that" in role.check(
        done, role.answer.model_validate({"summary": "Done."})
    )
    assert (
        role.check({"commit": FINE, "run_linters": FINE}, role.answer.model_validate({"summary": "Done."}))
        == ""
    )
