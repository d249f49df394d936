"""Tools of the design role: from a story's criteria to a blueprint and its contract."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from tools.blueprint.blueprint_yaml import from_yaml
from tools.blueprint.contract_diff import contract_changes
from tools.blueprint.model import Blueprint, Slo
from tools.blueprint.openapi import document, to_yaml
from tools.blueprint.reader.model_wordings import Custom, Wording
from tools.counting import counted
from tools.projects.trees import shown
from tools.result import Tool, ToolResult, Workbench

_MOST_PROBLEMS = 12


class ReadCriteria(BaseModel):
    """Parse a story's acceptance criteria by the known sentence forms, and propose a blueprint."""

    model_config = ConfigDict(extra="forbid")

    story: str = Field(description="Digest of the story, from the brief.")


class SettleBlueprint(BaseModel):
    """Accept a proposed blueprint: generate its contract, and report what changes relative to main. Criteria that were
    not understood can be reworded; all are then parsed again together."""

    model_config = ConfigDict(extra="forbid")

    proposal: str = Field(description="Digest of the proposal that read_criteria returned.")
    wordings: list[Wording] = []
    custom: list[Custom] = []


def read_criteria(bench: Workbench, arguments: ReadCriteria) -> ToolResult:
    """Return the reading of each criterion, the current service in sentences, and the proposal's digest.

    The texts of the criteria are not repeated: the brief has them.
    """
    # Lark and a dictionary, 0.3 s.
    from tools.blueprint.reader import read  # noqa: PLC0415
    from tools.blueprint.reader.describing import describe_service  # noqa: PLC0415

    try:
        story = json.loads(bench.artifacts.get(arguments.story))
        criteria = [(str(each["id"]), str(each["text"])) for each in story["criteria"]]
    except (KeyError, TypeError, ValueError):
        return ToolResult(
            ok=False,
            code="not_found",
            summary=f"{arguments.story} is not the digest of a story of this delivery.",
        )
    before, problem = blueprint_before(bench)
    if before is None:
        return ToolResult(ok=False, code="unreadable_blueprint", summary=problem)
    slo = Slo.model_validate(before.slo.model_dump() | _slo(story))
    before = before.model_copy(update={"slo": slo})
    reading = read(criteria, before)
    covered = [each.id for each in reading.criteria if each.outcome == "covered"]
    readings: list[JsonValue] = [each.model_dump(mode="json") for each in reading.criteria]
    proposal = {"blueprint": reading.blueprint.model_dump(mode="json"), "readings": readings}
    summary = (
        f"{len(covered)} of {counted(len(criteria), 'criterion has', 'criteria have')} one clear reading."
    )
    return ToolResult(
        ok=True,
        code="ok",
        summary=summary,
        data={
            "criteria": [each.model_dump(mode="json", exclude={"text"}) for each in reading.criteria],
            "service": [*describe_service(before)],
        },
        artifacts={"proposal": bench.artifacts.put(json.dumps(proposal, sort_keys=True).encode())},
    )


def settle_blueprint(bench: Workbench, arguments: SettleBlueprint) -> ToolResult:
    """Store the blueprint and its contract; return the outcome of each criterion and the contract changes.

    If a sentence is not understood, or a custom operation is impossible, nothing is stored and all problems are
    returned.
    """
    try:
        proposal = json.loads(bench.artifacts.get(arguments.proposal))
        blueprint = Blueprint.model_validate(proposal["blueprint"])
        readings = [dict(each) for each in proposal["readings"]]
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        return ToolResult(
            ok=False, code="invalid", summary=f"{arguments.proposal} does not hold a blueprint: {error}."
        )
    before, problem = blueprint_before(bench)
    if before is None:
        return ToolResult(ok=False, code="unreadable_blueprint", summary=problem)
    if not arguments.wordings and not arguments.custom:
        return _store_design(bench, before, blueprint, readings)
    from tools.blueprint.reader.model_wordings import read_with_wordings  # noqa: PLC0415  lark and a dictionary, 0.3 s

    criteria = [(str(each["id"]), str(each["text"])) for each in readings]
    start = before.model_copy(update={"slo": blueprint.slo})
    reading, problems = read_with_wordings(criteria, start, arguments.wordings, arguments.custom)
    if problems:
        return _not_read([each.model_dump() for each in problems])
    readings = [each.model_dump(mode="json") for each in reading.criteria]
    return _store_design(bench, before, reading.blueprint, readings)


def _store_design(
    bench: Workbench, before: Blueprint, blueprint: Blueprint, readings: list[dict[str, JsonValue]]
) -> ToolResult:
    contract = document(blueprint)
    old = document(before) if before.entities else None
    changes = contract_changes(old, contract)
    asking = [change for change in changes if change.needs_person]
    return ToolResult(
        ok=True,
        code="ok",
        summary=_summary(blueprint, len(changes), len(asking), new=old is None),
        data={
            "criteria": [*readings],
            "changes": [each.model_dump(mode="json") for each in changes],
            "breaking": bool(asking),
        },
        artifacts={
            "blueprint": bench.artifacts.put(blueprint.model_dump_json().encode()),
            "contract": bench.artifacts.put(to_yaml(contract).encode()),
        },
    )


def _not_read(problems: list[dict[str, str]]) -> ToolResult:
    first = problems[0]
    quoted = f"'{first['sentence']}'" if first["sentence"] else ""
    about = " ".join(part for part in (first["id"], quoted) if part) or "The wordings"
    more = f" And {len(problems) - 1} more." if problems[1:] else ""
    return ToolResult(
        ok=False,
        code="not_read",
        summary=f"{about}: {first['why'].rstrip('.')}.{more} Nothing was stored; fix this and try again.",
        data={"problems": [*_once_each(problems)[:_MOST_PROBLEMS]]},
    )


def _once_each(problems: list[dict[str, str]]) -> list[JsonValue]:
    """Return each reason once, with the first sentence: an unknown word is a problem in every sentence that uses it."""
    first: dict[str, dict[str, JsonValue]] = {}
    others: dict[str, list[JsonValue]] = {}
    for each in problems:
        if each["why"] not in first:
            first[each["why"]] = {**each}
        else:
            others.setdefault(each["why"], []).append(each["sentence"] or each["id"])
    return [told | ({"also": others[why]} if why in others else {}) for why, told in first.items()]


def blueprint_before(bench: Workbench) -> tuple[Blueprint | None, str]:
    """Return the blueprint on main, an empty one for a new service, or None and what is wrong with it."""
    text = shown(bench, "blueprint.yaml")
    if text is None:
        return Blueprint(service=bench.service), ""
    try:
        before = from_yaml(text)
    except ValueError as error:
        return None, f"blueprint.yaml on the main branch cannot be read: {error} Fix it and run again."
    if before.service != bench.service:
        return None, f"blueprint.yaml belongs to the service {before.service}, not to {bench.service}."
    return before, ""


def _slo(story: dict[str, JsonValue]) -> dict[str, JsonValue]:
    slo = story.get("slo")
    return {name: value for name, value in slo.items() if value is not None} if isinstance(slo, dict) else {}


def _summary(blueprint: Blueprint, changed: int, asking: int, new: bool) -> str:
    names = ", ".join(entity.name for entity in blueprint.entities)
    if new:
        held = counted(len(blueprint.entities), "entity", "entities")
        return f"The blueprint of {blueprint.service} has {held}: {names}."
    if not changed:
        return "The contract does not change."
    return f"The contract changes in {counted(changed, 'place')}, {asking or 'none'} of them breaking."


TOOLS = (
    Tool(name="read_criteria", effect="read", arguments=ReadCriteria, run=read_criteria, roles=("design",)),
    # Storing the same content under its digest again changes nothing, so no probe is needed.
    Tool(
        name="settle_blueprint",
        effect="write",
        arguments=SettleBlueprint,
        run=settle_blueprint,
        roles=("design",),
    ),
)
