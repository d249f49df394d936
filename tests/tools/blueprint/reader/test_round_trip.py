"""What is said of a blueprint in the sentence forms is read as that blueprint."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.tools.blueprint.reader.blueprints import blueprint_facts, blueprints
from tools.blueprint.model import Blueprint
from tools.blueprint.reader import read
from tools.blueprint.reader.paraphrase import sentences

# What could not be delivered is refused on purpose; see test_deliverable.py.
_REFUSED = re.compile(
    "no request that creates|the value of|no value of|too few for a unique field|cannot have a default"
)


def _bare(blueprint: Blueprint) -> set[tuple[str, str]]:
    """All that a blueprint says, without who said it and in what order."""
    facts = blueprint_facts(blueprint)
    return {(each.entity, re.sub(r"criterion='[^']*'", "", repr(each.part))) for each in facts}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(blueprints(), st.randoms(use_true_random=False))
def test_reading_the_sentences_of_a_blueprint_gives_the_blueprint(
    blueprint: Blueprint, random: object
) -> None:
    said = sentences(blueprint_facts(blueprint), blueprint)
    random.shuffle(said)  # type: ignore[attr-defined]
    reading = read([(f"S.{at}", each) for at, each in enumerate(said, start=1)], Blueprint(service="random"))
    assume(not any(_REFUSED.search(each.why) for each in reading.criteria))
    assert [
        f"{each.text} {each.outcome} {each.why} {each.readings}"
        for each in reading.criteria
        if each.outcome != "covered"
    ] == []
    assert _bare(reading.blueprint) == _bare(blueprint)
