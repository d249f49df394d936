"""Tool results of test runs, and helpers shared by the tools that run tests."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from pydantic import JsonValue

from tools.counting import counted
from tools.result import ToolResult, Workbench
from tools.sandbox import Limits
from tools.testing import TestOutcome, TestReport

_MOST_NAMED = 5
MOST_FAILURES = 20
"""Maximum number of failing tests described in a result; the counts include all of them."""
LIMITS = Limits(wall_seconds=300, memory_mb=2048, processes=256)
_LONGEST = 1_500
"""Maximum length of a traceback, in characters."""
_MOST_FRAMES = 5
_FRAME = re.compile(r"^[^\s:]+\.py:\d+: .*$", re.MULTILINE)
_PLACES = re.compile(r"[^\s'\"(]*/runs-[^/\s]+/[^/\s]+/(workspace/|tmp/)?")
_ADDRESSES = re.compile(r"\b0x[0-9a-f]{6,}\b")


def last_coverage_file(bench: Workbench) -> Path:
    """Return the path of the note that holds the digest of the latest coverage."""
    # It is outside the workspace, so that code running in the workspace cannot change it.
    return bench.workspace.with_name(f"{bench.delivery}.coverage")


def report_result(
    bench: Workbench,
    tree: str,
    report: TestReport,
    more: dict[str, JsonValue] | None = None,
    before: Collection[str] = (),
) -> ToolResult:
    """Return the result of a test run: its counts, and the failures with their reasons; `more` is added to the data.

    `before` names the failing tests that also fail on the main branch. They are listed separately and not counted,
    since the change did not break them; a person decides before the merge whether that is acceptable.
    """
    bad = (*report.failed, *report.errored)
    wrong = [each for each in bad if each.id not in before]
    known = [each for each in bad if each.id in before]
    failed = sum(each.outcome == "failed" for each in wrong)
    data: dict[str, JsonValue] = {
        "tree": tree,
        "passed": len(report.passed),
        "failed": failed,
        "errors": len(wrong) - failed + (1 if report.problem else 0),
        "complete": True,
        "skipped": len(report.skipped),
        "failures": [_failure(each) for each in (*wrong, *known)[:MOST_FAILURES]],
        **({"failed_before": [*sorted(before)]} if before else {}),
        "flaky": [f"{each.id} ({', '.join(each.outcomes)})" for each in report.flaky],
        "seconds": round(report.seconds, 1),
        **(more or {}),
    }
    artifacts = {"report": bench.artifacts.put(report.model_dump_json(exclude={"coverage"}).encode())}
    if report.coverage:
        coverage = report.coverage.model_copy(update={"tree": tree})
        artifacts["coverage"] = bench.artifacts.put(coverage.model_dump_json().encode())
        last_coverage_file(bench).write_text(artifacts["coverage"])
    ok = bool(report.passed) and not (wrong or report.problem or report.flaky)
    return ToolResult(
        ok=ok,
        code="ok" if ok else "tests_failed",
        summary=_said(report, len(wrong), before),
        data=data,
        artifacts=artifacts,
    )


def _said(report: TestReport, wrong: int, before: Collection[str]) -> str:
    if report.problem:
        return f"The test run could not be completed: {strip_volatile(report.problem.splitlines()[0])[:300]}"
    said = f"{counted(len(report.passed), 'test')} passed, {wrong} failed, in {report.seconds:.0f} s."
    if report.flaky:
        said += f" {counted(len(report.flaky), 'test gave', 'tests gave')} a different result when run again."
    if before:
        named = ", ".join(sorted(before)[:_MOST_NAMED]) + (", ..." if len(before) > _MOST_NAMED else "")
        said += f" As on the main branch, {named} failed: fix what the story is about; a person decides on the rest."
    return said


def _failure(test: TestOutcome) -> JsonValue:
    message, traceback = strip_volatile(test.message), strip_volatile(test.traceback)
    if len(traceback) > _LONGEST:
        # A library's frames come last, but the last frames of the repository's own code are more useful.
        own = dict.fromkeys(each for each in _FRAME.findall(traceback) if "site-packages" not in each)
        traceback = "\n".join([*list(own)[-_MOST_FRAMES:], "...", traceback[-_LONGEST:]])
    return {"name": test.id, "message": message[:500], "traceback": traceback}


def strip_volatile(text: str) -> str:
    """Return a text without the paths and memory addresses that vary between runs."""
    return _ADDRESSES.sub("0x0", _PLACES.sub("", text))


def scratch_folder(bench: Workbench) -> Path:
    """Return the scratch folder of the delivery, creating it if necessary."""
    scratch = bench.home / "scratch" / bench.delivery
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch


def not_installed() -> ToolResult:
    """Return the result for tests that cannot run because their dependencies are not installed."""
    said = "The dependencies of the tests are not installed; install_dependencies first."
    return ToolResult(ok=False, code="not_installed", summary=said)
