"""Tools of the design: from a story's criteria to a blueprint and its contract."""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from tools.blueprint.changes import changes
from tools.blueprint.files import from_yaml
from tools.blueprint.model import Blueprint, Slo
from tools.blueprint.openapi import document, to_yaml
from tools.repository import shown
from tools.result import Tool, ToolResult, Workbench


class ReadCriteria(BaseModel):
    """Read a story's acceptance criteria in the known sentence forms, and propose the blueprint they make."""

    model_config = ConfigDict(extra="forbid")

    story: str = Field(description="Digest of the story, from the brief.")


class SettleBlueprint(BaseModel):
    """Settle a proposed blueprint: check it, make the contract, and say what changes against the one
    before."""

    model_config = ConfigDict(extra="forbid")

    proposal: str = Field(description="Digest of the proposal that read_criteria returned.")


def read_criteria(bench: Workbench, arguments: ReadCriteria) -> ToolResult:
    """Return the reading of each criterion, and the proposal's digest."""
    from tools.blueprint.reader import read  # noqa: PLC0415  lark and a dictionary, 0.3 s

    try:
        story = json.loads(bench.artifacts.get(arguments.story))
        criteria = [(str(each["id"]), str(each["text"])) for each in story["criteria"]]
    except (KeyError, TypeError, ValueError):
        return ToolResult(
            ok=False, code="not_found", summary=f"{arguments.story} is no story of this delivery."
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
    summary = f"{len(covered)} of {len(criteria)} criteria have one clear reading."
    return ToolResult(
        ok=True,
        code="ok",
        summary=summary,
        data={"criteria": readings},
        artifacts={"proposal": bench.artifacts.put(json.dumps(proposal, sort_keys=True).encode())},
    )


def settle_blueprint(bench: Workbench, arguments: SettleBlueprint) -> ToolResult:
    """Store the blueprint and its contract, and return what changes."""
    try:
        proposal = json.loads(bench.artifacts.get(arguments.proposal))
        blueprint = Blueprint.model_validate(proposal["blueprint"])
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        return ToolResult(
            ok=False, code="invalid", summary=f"{arguments.proposal} holds no blueprint: {error}."
        )
    before, problem = blueprint_before(bench)
    if before is None:
        return ToolResult(ok=False, code="unreadable_blueprint", summary=problem)
    contract = document(blueprint)
    old = document(before) if before.entities else None
    found = changes(old, contract)
    breaking = [each for each in found if each.kind == "breaking"]
    return ToolResult(
        ok=True,
        code="ok",
        summary=_said(blueprint, len(found), len(breaking), new=old is None),
        data={
            "changes": [each.model_dump(mode="json") for each in found],
            "breaking": bool(breaking),
        },
        artifacts={
            "blueprint": bench.artifacts.put(blueprint.model_dump_json().encode()),
            "contract": bench.artifacts.put(to_yaml(contract).encode()),
        },
    )


def blueprint_before(bench: Workbench) -> tuple[Blueprint | None, str]:
    """Return the blueprint on the main branch, an empty one for a new service, or None and what is wrong
    with it."""
    text = shown(bench, "blueprint.yaml")
    if text is None:
        return Blueprint(service=bench.service), ""
    try:
        before = from_yaml(text)
    except ValueError as error:
        return None, f"blueprint.yaml on the main branch cannot be read: {error} Mend it and run again."
    if before.service != bench.service:
        return None, f"blueprint.yaml is that of the service {before.service}, not of {bench.service}."
    return before, ""


def _slo(story: dict[str, JsonValue]) -> dict[str, JsonValue]:
    slo = story.get("slo")
    return {name: value for name, value in slo.items() if value is not None} if isinstance(slo, dict) else {}


def _said(blueprint: Blueprint, changed: int, breaking: int, new: bool) -> str:
    names = ", ".join(entity.name for entity in blueprint.entities)
    if new:
        return f"The blueprint of {blueprint.service} has {len(blueprint.entities)} entities: {names}."
    if not changed:
        return "The contract stays as it is."
    return f"The contract changes in {changed} places, {breaking or 'none'} of them breaking."


TOOLS = (
    Tool(name="read_criteria", effect="read", arguments=ReadCriteria, run=read_criteria),
    # Storing the same content under its digest again changes nothing, so no probe is needed.
    Tool(name="settle_blueprint", effect="write", arguments=SettleBlueprint, run=settle_blueprint),
)
