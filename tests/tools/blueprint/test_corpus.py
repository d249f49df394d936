"""Sentences as authors write them, against what STORY_FORMAT.md says of them.

A case has a sentence, the sentences around it (`context`, read together with it; `earlier`, stories read
before) and its `outcome`. `expect` holds parts of the blueprint. Where the format is silent, a case is `open`
and `accept` lists the other outcomes that are right too.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.blueprint.model import Blueprint
from tools.blueprint.reader import read

CORPUS = Path(__file__).parent / "corpus"
OUTCOMES = ("covered", "not_covered", "contradictory", "ambiguous")

Case = dict[str, Any]


def _cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}-{case['id']}")
        for path in sorted(CORPUS.glob("*.yaml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def _same(wanted: object, found: object) -> bool:
    """Whether `found` holds all that `wanted` says; lists must have the same length."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_same(value, found.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        pairs = zip(wanted, found, strict=False) if isinstance(found, list) else ()
        return isinstance(found, list) and len(wanted) == len(found) and all(_same(*pair) for pair in pairs)
    if isinstance(wanted, bool) or isinstance(found, bool) or wanted is None or found is None:
        return wanted is found
    return wanted == found or _number(wanted) == _number(found) is not None


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _misses(expectation: Case, blueprint: Blueprint) -> str:
    """Say what the blueprint lacks, or nothing."""
    part: Any = blueprint.model_dump(mode="json")
    if "entity" in expectation:
        entities = {each["name"]: each for each in part["entities"]}
        if expectation["entity"] not in entities:
            return f"no entity {expectation['entity']!r} in {sorted(entities)}"
        part = entities[expectation["entity"]]
    part = part[expectation["path"]]
    wanted = [expectation["contains"]] if "contains" in expectation else expectation.get("any_of", [])
    if wanted and not any(_same(each, found) for each in wanted for found in part):
        return f"none of {wanted} in {part}"
    if "equals" in expectation and not _same(expectation["equals"], part):
        return f"{part!r} is not {expectation['equals']!r}"
    if "count" in expectation and len(part) != expectation["count"]:
        return f"{len(part)} instead of {expectation['count']}: {part}"
    if "names" in expectation and {each["name"] for each in part} != set(expectation["names"]):
        return f"{[each['name'] for each in part]} instead of {expectation['names']}"
    return ""


def _judge(case: Case) -> tuple[str, str]:
    """Return the verdict ("" is right) and its reason."""
    blueprint = Blueprint(service="corpus")
    for number, story in enumerate(case.get("earlier", []), start=1):
        reading = read([(f"E{number}.{at}", each) for at, each in enumerate(story, start=1)], blueprint)
        refused = [f"{each.id}: {each.why}" for each in reading.criteria if each.outcome != "covered"]
        if refused:
            return "wrongly refused", f"earlier {refused}"
        blueprint = reading.blueprint
    sentences = [*case.get("context", []), case["sentence"]]
    reading = read([(f"S.{at}", each) for at, each in enumerate(sentences, start=1)], blueprint)
    *context, last = reading.criteria
    outcome = str(last.outcome).replace(" ", "_")
    assert outcome in OUTCOMES
    allowed = {case["outcome"], *case.get("accept", [])}
    refused = [f"{each.id}: {each.outcome}: {each.why}" for each in context if each.outcome != "covered"]
    if refused and outcome == "covered" and "context_refused" not in allowed:
        return "wrongly refused", f"context {refused}"
    if outcome not in allowed:
        verdict = "wrongly accepted" if outcome == "covered" else "wrongly refused"
        if "covered" not in (outcome, case["outcome"]):
            verdict = "misjudged"
        return verdict, f"{outcome} instead of {case['outcome']}: {last.why} {last.readings}"
    misses = [each for each in (_misses(one, reading.blueprint) for one in case.get("expect", [])) if each]
    if outcome == "covered" and misses:
        return "misread", "; ".join(misses)
    return "", ""


@pytest.fixture(scope="module")
def verdicts() -> Any:
    counted: Counter[str] = Counter()
    yield counted
    print("\ncorpus:", ", ".join(f"{number} {name or 'right'}" for name, number in sorted(counted.items())))


@pytest.mark.parametrize("case", _cases())
def test_sentence_is_read_as_the_format_says(case: Case, verdicts: Counter[str]) -> None:
    verdict, why = _judge(case)
    verdicts[verdict] += 1
    assert not verdict, f"{verdict}: {case['sentence']!r}: {why}"
