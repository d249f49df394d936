"""Preview of the changes that a story file would lead to; nothing is changed, and the repository is only read.

Each story is planned as if the ones before it in the file had already been delivered.
"""

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path

from pydantic import BaseModel

from crew.agents.design import EXISTING_PROJECT
from crew.errors import BadInput
from crew.stories import Story, StoryFile
from tools.blueprint.blueprint_yaml import from_yaml
from tools.blueprint.contract_diff import Change, contract_changes
from tools.blueprint.model import Blueprint
from tools.blueprint.openapi import document
from tools.blueprint.reader import CriterionReading
from tools.counting import counted
from tools.errors import RepositoryError, ToolError
from tools.git import attach_repository
from tools.projects.kind import BLUEPRINT, is_existing
from tools.stacks.reading import read_testable


class StoryPlan(BaseModel, frozen=True):
    """The interpretation of one story's criteria, and the changes to the contract that they lead to."""

    story: str
    title: str
    criteria: tuple[CriterionReading, ...]
    changes: tuple[Change, ...]
    person: tuple[str, ...]
    """One sentence for each change that a person has to approve."""


class Plan(BaseModel, frozen=True):
    """The plan for a story file."""

    service: str
    repository: str
    new: bool
    """Whether the service does not exist yet."""
    stories: tuple[StoryPlan, ...]
    problem: str = ""
    """Problem with the repository that would stop `crew run`; "" if there is none."""

    @property
    def not_covered(self) -> int:
        """Number of criteria that are not covered."""
        return sum(each.outcome != "covered" for story in self.stories for each in story.criteria)


class _Repository(BaseModel, frozen=True):
    """The state of a repository, as `crew run` would find it."""

    blueprint: Blueprint | None = None
    existing: bool = False
    """Whether it contains a project that the crew did not generate, so that no service is generated there."""
    problem: str = ""


def plan_of(file: StoryFile) -> Plan:
    """Return the plan for the stories, each of which builds on the previous one.

    Raises BadInput if the blueprint cannot be read.
    """
    found = _repository(file)
    if found.existing:
        stories = [_not_generated(story) for story in file.stories]
    else:
        blueprint = found.blueprint or Blueprint(service=file.service)
        stories = []
        for story in file.stories:
            planned, blueprint = _plan(story, blueprint)
            stories.append(planned)
    return Plan(
        service=file.service,
        repository=str(file.repository),
        new=found.blueprint is None and not found.existing,
        stories=tuple(stories),
        problem=found.problem,
    )


def show_plan(plan: Plan) -> str:
    """Return the plan as readable text."""
    kind = "a new service" if plan.new else "an existing service"
    parts = [f"{plan.service}, {kind} in {plan.repository}"]
    parts += [f"crew run would stop: {plan.problem}"] if plan.problem else []
    parts += [_story(each) for each in plan.stories]
    covered = sum(len(each.criteria) for each in plan.stories) - plan.not_covered
    parts.append(
        f"{counted(covered, 'criterion', 'criteria')} covered, {plan.not_covered} not covered. Nothing was done."
    )
    return "\n\n".join(parts)


def _plan(story: Story, before: Blueprint) -> tuple[StoryPlan, Blueprint]:
    reading = read_testable([(each.id, " ".join(each.text.split())) for each in story.criteria], before)
    old = document(before) if before.entities else None
    found = contract_changes(old, document(reading.blueprint)) if reading.blueprint != before else ()
    person = for_a_person(found)
    return (
        StoryPlan(story=story.id, title=story.title, criteria=reading.criteria, changes=found, person=person),
        reading.blueprint,
    )


def for_a_person(changes: tuple[Change, ...]) -> tuple[str, ...]:
    """Return a sentence for each change that a person has to approve."""
    approval = {"breaking": " Clients could break, so a person approves the merge."}
    return tuple(
        f"{each.where}: {each.what}{approval.get(each.kind, '')}" for each in changes if each.needs_person
    )


def _not_generated(story: Story) -> StoryPlan:
    """Return the plan of a story about an existing project, which the offline model does not change."""
    criteria = tuple(
        CriterionReading(
            id=each.id,
            text=each.text,
            outcome="not_covered",
            why=EXISTING_PROJECT,
            readings=(),
            operations=(),
        )
        for each in story.criteria
    )
    return StoryPlan(story=story.id, title=story.title, criteria=criteria, changes=(), person=())


def _repository(file: StoryFile) -> _Repository:
    """Inspect the repository as `crew run` does, but write only to a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="crew-plan-") as name:
        private = Path(name)
        try:
            if _is_new(file.repository):
                attach_repository(private / "new", private / "home", make=True)
                return _Repository()
            held = attach_repository(file.repository, private / "home", reads=True)
            main = held.base_commit()
            blueprint = _blueprint(file, held.text(main, BLUEPRINT))
            existing = is_existing(held.files(main))
        except RepositoryError as error:
            return _Repository(problem=str(error))
        try:
            attach_repository(file.repository, private / "home")
        except RepositoryError as error:
            return _Repository(blueprint=blueprint, existing=existing, problem=str(error))
        return _Repository(blueprint=blueprint, existing=existing)


def _is_new(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def _blueprint(file: StoryFile, text: str | None) -> Blueprint | None:
    if text is None:
        return None
    try:
        blueprint = from_yaml(text)
    except (ValueError, ToolError) as error:
        raise BadInput(
            f"{BLUEPRINT} on the main branch of {file.repository} cannot be read: {error}"
        ) from error
    if blueprint.service != file.service:
        raise BadInput(
            f"{BLUEPRINT} in {file.repository} belongs to the service {blueprint.service}, not to {file.service}."
        )
    return blueprint


def _story(plan: StoryPlan) -> str:
    lines = [f"{plan.story} {plan.title}"]
    for each in plan.criteria:
        lines += _criterion(each)
    lines.append("  contract")
    lines += _contract(plan.changes) or ["    stays as it is"]
    lines.append("  needs a person")
    lines += [f"    {each}" for each in plan.person] or ["    nothing"]
    return "\n".join(lines)


def _contract(changes: tuple[Change, ...]) -> list[str]:
    """Return one line per change that a person has to approve, then one line per place with additive changes."""
    asking = [f"    {each.kind}  {each.where}: {each.what}" for each in changes if each.needs_person]
    added: dict[str, list[str]] = {}
    for each in changes:
        if not each.needs_person:
            added.setdefault(each.where, []).append(each.what)
    return asking + [
        f"    additive  {where}: {whats[0]}" + (f" And {len(whats) - 1} more." if len(whats) > 1 else "")
        for where, whats in added.items()
    ]


def _criterion(reading: CriterionReading) -> list[str]:
    mark = "[x]" if reading.outcome == "covered" else "[ ]"
    lines = textwrap.wrap(
        f"{mark} {reading.id} {reading.text}", 110, initial_indent="  ", subsequent_indent="      "
    )
    if reading.outcome != "covered":
        lines.append(f"      {reading.outcome.replace('_', ' ')}: {reading.why}")
        return lines + [f"      could mean: {each}" for each in reading.readings]
    lines += [f"      read as: {each}" for each in reading.readings]
    if reading.operations:
        lines.append(f"      by {', '.join(reading.operations)}")
    return lines
