"""The code expert: the service is generated from the blueprint and merged with what people changed."""

from __future__ import annotations

from pydantic import JsonValue

from crew.brief import Brief
from crew.playbooks.script import Act, Conclude, Script, Seen


def code(brief: Brief) -> Script:
    """Generate, lint and commit; a conflict with a hand edit is a finding, never resolved by force."""
    blueprint, contract = str(brief.facts["blueprint"]), str(brief.facts["contract"])
    made = yield Act(
        "generate_service",
        {"blueprint": blueprint, "contract": contract},
        _why_generate(brief),
        (blueprint, contract),
    )
    conflicts = made.records("conflicts")
    if not made.ok:
        findings = [_conflict(each) for each in conflicts] or [_blocking(made.summary)]
        yield Conclude(
            {"summary": made.summary, "findings": findings},  # type: ignore[dict-item]
            "Choosing a side would overwrite somebody's work or lose the story's change; a person has to say which.",
            (made.action,),
        )
        return
    installed = yield Act(
        "install_dependencies",
        {},
        f"{made.summary} Types can only be checked, and tests only run, with what the service depends on. It is "
        "pinned, so the environment is the same on every machine; only wheels, so that nothing of theirs runs "
        "while there is network.",
        (made.action,),
    )
    if not installed.ok:
        yield Conclude(
            {"summary": installed.summary, "findings": [_blocking(installed.summary)]},
            "Without its dependencies the service can be neither checked nor tested, so nothing is committed.",
            (installed.action,),
        )
        return
    linted = yield Act(
        "run_linters",
        {},
        f"{installed.summary} Before the change is committed, its formatting, lint rules and types are checked: "
        "a later reader should not have to.",
        (made.action, installed.action),
    )
    committed = yield Act(
        "commit",
        {"message": _message(brief, made)},
        f"{linted.summary} The change is complete as generated, so it is committed as one; testing and "
        "governance judge exactly this tree.",
        (made.action, linted.action),
    )
    findings = [_lint(each) for each in linted.records("problems")]
    if not linted.ok:
        findings.append(_blocking(linted.summary))
    if not committed.ok:
        findings.append(_blocking(committed.summary))
    yield Conclude(
        {
            "summary": f"{made.summary} {linted.summary}",
            "findings": findings,  # type: ignore[dict-item]
        },
        committed.summary,
        (made.action, linted.action, committed.action),
    )


def _why_generate(brief: Brief) -> str:
    if "repair" in brief.facts:
        return (
            f"The change was sent back ({_sent_back(brief)}). I generate again from the same blueprint and merge, "
            "since what was found cannot be expressed there; if the tree stays the same, somebody else has to mend it."
        )
    return (
        "The blueprint and its contract are settled. I generate the whole service from them and let git merge it "
        "with what people changed by hand, rather than edit files one by one: the same blueprint always gives the "
        "same code."
    )


def _sent_back(brief: Brief) -> str:
    repair = brief.facts["repair"]
    said = (
        [str(each["summary"]) for each in repair.values() if isinstance(each, dict)]
        if isinstance(repair, dict)
        else []
    )
    return "; ".join(said)


def _message(brief: Brief, made: Seen) -> str:
    return f"{brief.story['title']} ({brief.story['id']})\n\n{brief.story['story'] or made.summary}"


def _conflict(record: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        "severity": "blocking",
        "what": "A hand edit and this story change the same lines. Take the edit back, or move it to lines that "
        "the generator does not write, then run the story again.",
        "file": record["file"],
        "line": record["line"],
    }


def _lint(record: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"severity": "warning", "what": record["what"], "file": record["file"], "line": record["line"]}


def _blocking(what: str) -> dict[str, JsonValue]:
    return {"severity": "blocking", "what": what}
