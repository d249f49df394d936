"""The testing expert: all tests, the doubtful ones again, then mutants of what changed."""

from __future__ import annotations

from pydantic import JsonValue

from crew.brief import Brief
from crew.playbooks.script import Act, Conclude, Script, Seen


def testing(brief: Brief) -> Script:
    """Install what the service needs, run its tests, and see whether they would notice a mistake."""
    if brief.facts.get("task") == "examples":
        yield _no_examples(brief)
        return
    start = brief.evidence["commit"]
    installed = yield Act(
        "install_dependencies",
        {},
        "The tests need the service's own dependencies, of exactly the tree that was committed, and nothing of ours. "
        "They are pinned, so what is there already is found again.",
        (start,),
    )
    if not installed.ok:
        yield _conclude(brief, installed, [_blocking(installed.summary)])
        return
    ran = yield Act(
        "run_tests",
        {},
        f"{installed.summary} I run the whole suite: a part of it could not show that earlier stories still hold.",
        (start, installed.action),
    )
    failed = ran.records("failures")
    if not ran.ok:
        findings = [_failure(each) for each in failed] or [_blocking(ran.summary)]
        yield _conclude(brief, ran, findings)
        return
    mutated = yield Act(
        "run_mutants",
        {"coverage": ran.artifacts.get("coverage", "")},
        f"{ran.summary} Passing tests say little if they would also pass on wrong code, so the changed lines are "
        "altered one at a time, and the tests that cover them should go red.",
        (ran.action,),
    )
    yield _conclude(brief, ran, [_survivor(each) for each in mutated.records("survivors")], mutated)


def _no_examples(brief: Brief) -> Conclude:
    why = "Without a language model nobody reads prose, so no example can be told from it."
    return Conclude({"summary": "No example tests.", "none": why}, why, (brief.evidence["story"],))


def _conclude(
    brief: Brief, ran: Seen, findings: list[dict[str, JsonValue]], mutated: Seen | None = None
) -> Conclude:
    flaky = ran.texts("flaky")
    findings += [_warning(f"{name} changed its mind when it was run again.") for name in flaky]
    seen = [ran] + ([mutated] if mutated else [])
    return Conclude(
        {
            "summary": " ".join(each.summary for each in seen),
            "findings": findings,  # type: ignore[dict-item]
        },
        "These are the counts that the tools gave, for this tree alone.",
        tuple(each.action for each in seen),
    )


def _failure(record: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return _blocking(f"The test {record['name']} failed: {record['message']}")


def _survivor(record: dict[str, JsonValue]) -> dict[str, JsonValue]:
    what = f"No test noticed when `{record['change']}`; a further test should."
    return {"severity": "note", "what": what, "file": record["file"], "line": record["line"]}


def _blocking(what: str) -> dict[str, JsonValue]:
    return {"severity": "blocking", "what": what}


def _warning(what: str) -> dict[str, JsonValue]:
    return {"severity": "warning", "what": what}
