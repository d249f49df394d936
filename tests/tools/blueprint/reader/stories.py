"""Reading sentences in tests, and what they say in short."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel

from tools.blueprint.model import Blueprint, Entity
from tools.blueprint.reader import CriterionReading, Reading, read

SHOP = (
    "An order has a customer (email), a note (text, optional), a total (money, default 0), uses (integer, default 0), "
    "a due date (date, optional), a gift (boolean, default false) and a size (one of small or extra large, optional).",
    "An order starts as draft.",
    "An order goes from draft to paid when it is paid.",
    "An order goes from paid to shipped when it is shipped.",
    "A line item has a quantity (integer, at least 0) and a price (money).",
    "A line item belongs to an order.",
    "A discount code has a code (text, unique), a percent (integer, 1 to 90), uses left (integer) and "
    "an expiry date (date).",
)
"""A service that most sentences of the tests are said of."""


@cache
def shop() -> Blueprint:
    """The service, read."""
    return covered(*SHOP)


def story(*sentences: str, before: Blueprint | None = None, name: str = "S") -> Reading:
    """Read the sentences as one story."""
    numbered = [(f"{name}.{number}", each) for number, each in enumerate(sentences, start=1)]
    return read(numbered, before or Blueprint(service="test"))


def last(*sentences: str, before: Blueprint | None = None) -> CriterionReading:
    """Read the sentences as one story and return what came of the last."""
    return story(*sentences, before=before).criteria[-1]


def covered(*sentences: str, before: Blueprint | None = None) -> Blueprint:
    """Read the sentences as one story, all of which must be covered."""
    reading = story(*sentences, before=before)
    problems = [
        f"{each.text} {each.why} {each.readings}" for each in reading.criteria if each.outcome != "covered"
    ]
    assert not problems, problems
    return reading.blueprint


def entity(blueprint: Blueprint, name: str) -> Entity:
    """Return an entity that must be there."""
    found = blueprint.entity(name)
    assert found is not None, [each.name for each in blueprint.entities]
    return found


def short(part: BaseModel) -> dict[str, Any]:
    """What a part says beside its defaults, without who asked for it."""
    return _without_origin(part.model_dump(mode="json", exclude_defaults=True))


def shorts(parts: Iterable[BaseModel]) -> list[dict[str, Any]]:
    """What the parts say beside their defaults."""
    return [short(each) for each in parts]


def _without_origin(said: Any) -> Any:
    if isinstance(said, dict):
        return {key: _without_origin(value) for key, value in said.items() if not key.endswith("criterion")}
    return [_without_origin(each) for each in said] if isinstance(said, list) else said
