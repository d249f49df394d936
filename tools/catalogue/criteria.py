"""Tools of the design role, which turn a story's criteria into a blueprint and its contract."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from pydantic import BaseModel, Field, JsonValue

from tools.blueprint.blueprint_yaml import from_yaml
from tools.blueprint.contract_diff import contract_changes
from tools.blueprint.model import Blueprint, Slo
from tools.blueprint.openapi import document, to_yaml
from tools.blueprint.reader import CriterionReading
from tools.blueprint.reader.model_wordings import Custom, Wording
from tools.blueprint.reader.rewording import Unread
from tools.counting import counted
from tools.projects.trees import text_on_main
from tools.result import Tool, ToolResult, Workbench, failure, success

_MOST_PROBLEMS = 12


class _Proposal(BaseModel, frozen=True):
    """A proposed blueprint, which `read_criteria` stores for `settle_blueprint`."""

    blueprint: Blueprint
    readings: tuple[CriterionReading, ...]


class ReadCriteria(BaseModel, extra="forbid"):
    """Parse a story's acceptance criteria by the known sentence forms, and propose a blueprint."""

    story: str = Field(description="Digest of the story, from the brief.")


class SettleBlueprint(BaseModel, extra="forbid"):
    """Accept a proposed blueprint: generate its contract, and report what changes relative to main. Criteria that were
    not understood can be reworded; all are then parsed again together."""

    proposal: str = Field(description="Digest of the proposal that read_criteria returned.")
    wordings: list[Wording] = []
    custom: list[Custom] = []


def read_criteria(bench: Workbench, arguments: ReadCriteria) -> ToolResult:
    """Parse the criteria; return how each was read, the current service in sentences, and the proposal's digest.

    The texts of the criteria are not repeated, as the brief contains them.
    """
    # Importing lark and its dictionary takes 0.3 s.
    from tools.blueprint.reader.describing import describe_service  # noqa: PLC0415
    from tools.stacks.reading import read_testable  # noqa: PLC0415

    try:
        story = json.loads(bench.artifacts.get(arguments.story))
        criteria = [(str(each["id"]), " ".join(str(each["text"]).split())) for each in story["criteria"]]
    except (KeyError, TypeError, ValueError):
        return failure("not_found", f"{arguments.story} is not the digest of a story of this delivery.")
    before, problem = blueprint_before(bench)
    if before is None:
        return failure("unreadable_blueprint", problem)
    slo = Slo.model_validate(before.slo.model_dump() | _slo(story))
    before = before.model_copy(update={"slo": slo})
    reading = read_testable(criteria, before)
    covered = [each.id for each in reading.criteria if each.outcome == "covered"]
    proposal = _Proposal(blueprint=reading.blueprint, readings=reading.criteria).model_dump(mode="json")
    return success(
        f"{len(covered)} of {counted(len(criteria), 'criterion has', 'criteria have')} one clear reading.",
        artifacts={"proposal": bench.artifacts.put(json.dumps(proposal, sort_keys=True).encode())},
        criteria=[each.model_dump(mode="json", exclude={"text"}) for each in reading.criteria],
        service=[*describe_service(before)],
    )


def settle_blueprint(bench: Workbench, arguments: SettleBlueprint) -> ToolResult:
    """Store the blueprint and its contract; return the outcome of each criterion and the contract changes.

    If a sentence is not understood, or a custom operation is impossible, nothing is stored and all problems are
    returned.
    """
    try:
        proposal = _Proposal.model_validate_json(bench.artifacts.get(arguments.proposal))
    except (KeyError, ValueError) as error:
        return failure("invalid", f"{arguments.proposal} does not contain a blueprint: {error}.")
    before, problem = blueprint_before(bench)
    if before is None:
        return failure("unreadable_blueprint", problem)
    if not arguments.wordings and not arguments.custom:
        return _store_design(bench, before, proposal.blueprint, proposal.readings)
    from tools.blueprint.reader.model_wordings import read_with_wordings  # noqa: PLC0415  lark and a dictionary, 0.3 s

    criteria = [(each.id, each.text) for each in proposal.readings]
    start = before.model_copy(update={"slo": proposal.blueprint.slo})
    reading, problems = read_with_wordings(criteria, start, arguments.wordings, arguments.custom)
    if problems:
        return _not_read(problems)
    return _store_design(bench, before, reading.blueprint, reading.criteria)


def _store_design(
    bench: Workbench, before: Blueprint, blueprint: Blueprint, readings: Sequence[CriterionReading]
) -> ToolResult:
    contract = document(blueprint)
    old = document(before) if before.entities else None
    changes = contract_changes(old, contract)
    asking = [change for change in changes if change.needs_person]
    return success(
        _summary(blueprint, len(changes), len(asking), new=old is None),
        artifacts={
            "blueprint": bench.artifacts.put(blueprint.model_dump_json().encode()),
            "contract": bench.artifacts.put(to_yaml(contract).encode()),
        },
        criteria=[each.model_dump(mode="json") for each in readings],
        changes=[each.model_dump(mode="json") for each in changes],
        breaking=bool(asking),
    )


def _not_read(problems: Sequence[Unread]) -> ToolResult:
    first = problems[0]
    quoted = f"'{first.sentence}'" if first.sentence else ""
    about = " ".join(part for part in (first.id, quoted) if part) or "The wordings"
    more = f" And {len(problems) - 1} more." if problems[1:] else ""
    summary = f"{about}: {first.why.rstrip('.')}.{more} Nothing was stored; fix this and try again."
    return failure("not_read", summary, problems=_once_per_reason(problems)[:_MOST_PROBLEMS])


def _once_per_reason(problems: Sequence[Unread]) -> list[JsonValue]:
    """Return each reason once, with the first sentence it affects, as an unknown word may occur in many sentences."""
    by_reason: defaultdict[str, list[Unread]] = defaultdict(list)
    for problem in problems:
        by_reason[problem.why].append(problem)
    return [
        first.model_dump() | ({"also": [other.sentence or other.id for other in others]} if others else {})
        for first, *others in by_reason.values()
    ]


def blueprint_before(bench: Workbench) -> tuple[Blueprint | None, str]:
    """Return the blueprint on main, or an empty one for a new service; if it is invalid, return None and the reason."""
    text = text_on_main(bench, "blueprint.yaml")
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
    Tool("read_criteria", "read", ReadCriteria, read_criteria, roles=("design",)),
    # Storing the same content under its digest again changes nothing, so no probe is needed.
    Tool("settle_blueprint", "write", SettleBlueprint, settle_blueprint, roles=("design",)),
)
