"""A service that is described in sentences is read from them as it is."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.story_files import NAMES, load
from tests.tools.blueprint.reader.blueprints import blueprint_facts
from tools.blueprint.model import Action, Blueprint, CustomOperation, Entity, FieldSpec, Reference
from tools.blueprint.reader import read
from tools.blueprint.reader.describing import describe_service, field_list
from tools.blueprint.reader.rewording import read_fields


def _bare(blueprint: Blueprint) -> set[tuple[str, str]]:
    """All that the entities are, without who said it and what was added later."""
    entities = blueprint.model_copy(update={"examples": (), "speeds": ()})
    no_matter = r"criterion='[^']*'|added_later=(True|False)"
    return {(each.entity, re.sub(no_matter, "", repr(each.part))) for each in blueprint_facts(entities)}


def _again(blueprint: Blueprint) -> Blueprint:
    """Read the description of a service into an empty blueprint."""
    said = describe_service(blueprint, most_bytes=100_000)
    reading = read([(f"S.{at}", each) for at, each in enumerate(said, start=1)], Blueprint(service="again"))
    assert [f"{each.text} {each.why}" for each in reading.criteria if each.outcome != "covered"] == []
    return reading.blueprint


@pytest.mark.parametrize("name", NAMES)
def test_reading_a_description_gives_the_service(name: str) -> None:
    story = load(name)
    blueprint = Blueprint(service=story.service)
    for criteria in story.stories:
        blueprint = read(criteria, blueprint).blueprint

    again = _again(blueprint)

    assert _bare(again) == _bare(blueprint)
    for entity in blueprint.entities:
        found = again.entity(entity.name)
        assert found is not None
        guards = [(each.operation, each.tests, each.status) for each in found.guards]
        assert guards == [(each.operation, each.tests, each.status) for each in entity.guards]


NAMED = FieldSpec(name="name", type="text")
UNSAID: dict[str, tuple[Entity, Entity | None]] = {
    "an entity without anything": (Entity(name="loan"), None),
    "an action that no rule speaks of": (
        Entity(name="loan", fields=(NAMED,), actions=(Action(verb="pay"),)),
        Entity(name="loan", fields=(NAMED,)),
    ),
    "a reference by another name": (
        Entity(name="loan", fields=(NAMED,), references=(Reference(name="lender", target="person"),)),
        Entity(name="loan", fields=(NAMED,), references=(Reference(name="person", target="person"),)),
    ),
}
"""What no sentence form says: an entity, and what its description is read as."""


@pytest.mark.parametrize("case", UNSAID)
def test_what_no_sentence_can_say(case: str) -> None:
    entity, expected = UNSAID[case]
    person = Entity(name="person", fields=(NAMED,))
    again = _again(Blueprint(service="bank", entities=(person, entity)))
    assert _bare(again) == _bare(
        Blueprint(service="bank", entities=(person, expected) if expected else (person,))
    )


def test_a_custom_operation_is_told_though_it_is_no_form() -> None:
    specs = read_fields("months (integer, 1 to 480), a start (date, optional) and a kind (one of a, b or c)")
    operation = CustomOperation(
        name="amortisation schedule",
        entity="loan",
        kind="query",
        inputs=specs,
        does="Splits it.",
        criterion="L.1",
    )
    (entity, told) = describe_service(
        Blueprint(service="bank", entities=(Entity(name="loan", fields=(NAMED,), custom=(operation,)),))
    )
    assert entity == "A loan has a name (text)."
    assert told == (
        'Custom query "amortisation schedule" of a loan: Splits it; inputs: months (integer, 1 to 480), '
        "a start (date, optional), a kind (one of a, b or c)."
    )
    assert read_fields(field_list(specs)) == specs
