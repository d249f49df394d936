"""Reading a story in which some criteria have been reworded as sentences that match the sentence forms.

During reading, each sentence has an id of its own, which keeps the sentences apart and in order; the result contains
only the ids of the story's criteria.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, JsonValue

from tools.blueprint.model import Blueprint, Criterion, FieldSpec
from tools.blueprint.reader import CriterionReading, Reading, read
from tools.blueprint.reader.choices import Unclear

_MARK = "\x1f"
"""Separates the id of a criterion from the number of a sentence; never occurs in a prepared text."""
_NUMBER = re.compile(f"{_MARK}[0-9]+")


class Unread(BaseModel, frozen=True):
    """A sentence that could not be read, or another part of a wording that is invalid."""

    id: str
    """Id of the criterion that the sentence rewords; "" if there is none."""
    sentence: str
    why: str
    """The reason and how to fix it, addressed to the author of the sentence."""


def read_worded(
    criteria: Sequence[tuple[str, str]], before: Blueprint, wordings: Mapping[str, Sequence[str]]
) -> tuple[Reading, tuple[Unread, ...]]:
    """Read the criteria, using their rewordings if any; return the reading and the sentences that were not read.

    A criterion whose rewording contains no sentences is omitted from the reading.
    """
    lines: list[tuple[str, str]] = []
    for id_, text in criteria:
        sentences = wordings.get(id_)
        lines += (
            [(id_, text)]
            if sentences is None
            else [(f"{id_}{_MARK}{number}", sentence) for number, sentence in enumerate(sentences)]
        )
    reading = read(lines, before)
    parts: dict[str, list[CriterionReading]] = {}
    for each in reading.criteria:
        parts.setdefault(_plain(each.id), []).append(each)
    unread = [
        Unread(id=id_, sentence=each.text, why=how_to_fix(each))
        for id_, found in parts.items()
        for each in found
        if id_ in wordings and each.outcome != "covered"
    ]
    texts = dict(criteria)
    whole = [_together(id_, texts[id_], found) for id_, found in parts.items()]
    blueprint = _renamed(reading.blueprint, texts, wordings)
    return Reading(blueprint=blueprint, criteria=tuple(whole)), tuple(unread)


def read_fields(said: str) -> tuple[FieldSpec, ...]:
    """Parse a field list such as "months (integer, 1 to 480), start (date, optional)". Raises Unclear if invalid."""
    reading = read([("", f"A record has {said.strip().rstrip('.')}.")], Blueprint(service="fields"))
    entity = reading.blueprint.entity("record")
    if reading.criteria[0].outcome != "covered":
        raise Unclear(how_to_fix(reading.criteria[0]))
    if entity is None or len(reading.blueprint.entities) > 1 or not entity.fields or entity.references:
        raise Unclear(
            "it is not a list of fields; write 'months (integer, 1 to 480), start (date, optional)'"
        )
    return tuple(each.model_copy(update={"criterion": ""}) for each in entity.fields)


def how_to_fix(reading: CriterionReading) -> str:
    """Return the reason why a sentence was not read, phrased for the model that reworded it."""
    why = _plain(reading.why).removeprefix("needs a model: ")
    why = why.replace("make each a criterion", "make each a sentence").replace(
        "several criteria", "several sentences"
    )
    if reading.outcome == "ambiguous":
        return f"{why}: {' Or: '.join(map(_plain, reading.readings))}"
    return why


def _plain(text: str) -> str:
    return _NUMBER.sub("", text)


def _together(id_: str, text: str, parts: Sequence[CriterionReading]) -> CriterionReading:
    """Combine the readings of a criterion's sentences into one reading of the criterion."""
    if len(parts) == 1 and parts[0].id == id_:
        first = parts[0]
        plain = tuple(map(_plain, first.readings))
        return first.model_copy(update={"why": _plain(first.why), "readings": plain})
    failed = [each for each in parts if each.outcome != "covered"]
    return CriterionReading(
        id=id_,
        text=text,
        outcome=failed[0].outcome if failed else "covered",
        why=how_to_fix(failed[0]) if failed else "",
        readings=tuple(dict.fromkeys(_plain(said) for each in parts for said in each.readings)),
        operations=tuple(dict.fromkeys(name for each in parts for name in each.operations)),
    )


def _renamed(
    blueprint: Blueprint, texts: Mapping[str, str], wordings: Mapping[str, Sequence[str]]
) -> Blueprint:
    """Return the blueprint with the ids of sentences replaced by those of their criteria."""
    carried: set[str] = set()
    content = _without_marks(blueprint.model_dump(mode="json", exclude={"criteria"}), carried)
    found: dict[str, Criterion] = {}
    for each in blueprint.criteria:
        id_ = _plain(each.id)
        origins = set(map(_plain, each.same_as)) - {id_}
        if each.id == id_:
            found[id_] = each.model_copy(update={"same_as": tuple(sorted(origins))})
            continue
        origins |= set(found[id_].same_as if id_ in found else ())
        same_as = () if id_ in carried else tuple(sorted(origins))
        found[id_] = Criterion(id=id_, text=texts[id_], same_as=same_as, wording=tuple(wordings[id_]))
    whole = Blueprint.model_validate(content)
    return whole.model_copy(update={"criteria": tuple(found.values())})


def _without_marks(value: JsonValue, carried: set[str]) -> JsonValue:
    if isinstance(value, dict):
        for name, each in value.items():
            if name in ("criterion", "initial_state_criterion") and isinstance(each, str):
                value[name] = _plain(each)
                carried.add(_plain(each))
            else:
                _without_marks(each, carried)
    elif isinstance(value, list):
        for each in value:
            _without_marks(each, carried)
    return value
