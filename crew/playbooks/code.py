"""The code playbook, which generates the service from the blueprint and merges it with manual changes."""

from __future__ import annotations

from pydantic import BaseModel, TypeAdapter

from crew.agents.answers import AnyAnswer, Finding, Review
from crew.brief import Brief
from crew.playbooks.script import Act, Conclude, Script, Seen, blocking


def code(brief: Brief) -> Script:
    """Generate, lint and commit the service; a conflict with a manual edit is reported as a finding."""
    blueprint, contract = str(brief.facts["blueprint"]), str(brief.facts["contract"])
    made = yield Act(
        "generate_service",
        {"blueprint": blueprint, "contract": contract},
        _why_generate(brief),
        (blueprint, contract),
    )
    if not made.ok:
        findings = [_conflict(each) for each in made.read(_Places).conflicts] or [blocking(made.summary)]
        yield Conclude(
            Review(summary=made.summary, findings=findings),
            "Choosing a side would overwrite somebody's work or lose the story's change; a person has to say which.",
            (made.action,),
        )
        return
    installed = yield Act(
        "install_dependencies",
        {},
        f"{made.summary} Types can only be checked, and tests only run, with the service's dependencies. They are "
        "pinned, so the environment is the same on every machine, and wheels, so that none of their code runs "
        "while there is network access.",
        (made.action,),
    )
    if not installed.ok:
        yield Conclude(
            Review(summary=installed.summary, findings=[blocking(installed.summary)]),
            "Without its dependencies the service can be neither checked nor tested, so nothing is committed.",
            (installed.action,),
        )
        return
    yield from _lint_and_commit(brief, made, installed)


def _lint_and_commit(brief: Brief, made: Seen, installed: Seen) -> Script:
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
        f"{linted.summary} The change is complete as generated, so it becomes a single commit; testing and "
        "governance judge exactly this tree.",
        (made.action, linted.action),
    )
    findings = [_lint(each) for each in linted.read(_Places).problems]
    if not linted.ok:
        findings.append(blocking(linted.summary))
    if not committed.ok:
        findings.append(blocking(committed.summary))
    yield Conclude(
        Review(summary=f"{made.summary} {linted.summary}", findings=findings),
        committed.summary,
        (made.action, linted.action, committed.action),
    )


def _why_generate(brief: Brief) -> str:
    if "repair" in brief.facts:
        return (
            f"The change was sent back ({_sent_back(brief)}). I generate again from the same blueprint and merge, "
            "since what was found cannot be expressed there; if the tree stays the same, somebody else has to fix it."
        )
    return (
        "The blueprint and its contract are settled. I generate the whole service from them and let git merge it "
        "with what people changed by hand, rather than edit files one by one: the same blueprint always gives the "
        "same code."
    )


def _sent_back(brief: Brief) -> str:
    answers = TypeAdapter(dict[str, AnyAnswer]).validate_python(brief.facts["repair"])
    return "; ".join(each.summary for each in answers.values())


def _message(brief: Brief, made: Seen) -> str:
    return f"{brief.story['title']} ({brief.story['id']})\n\n{brief.story['story'] or made.summary}"


class _Place(BaseModel):
    file: str
    line: int
    what: str = ""


class _Places(BaseModel):
    """The result data of `generate_service` and `run_linters`."""

    conflicts: tuple[_Place, ...] = ()
    problems: tuple[_Place, ...] = ()


def _conflict(place: _Place) -> Finding:
    return Finding(
        severity="blocking",
        what="A hand edit and this story change the same lines. Revert the edit, or move it to lines that "
        "the generator does not write, then run the story again.",
        file=place.file,
        line=place.line,
    )


def _lint(place: _Place) -> Finding:
    return Finding(severity="warning", what=place.what, file=place.file, line=place.line)
