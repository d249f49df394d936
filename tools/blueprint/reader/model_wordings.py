"""Wordings and custom operations that a model supplies for criteria that match no sentence form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, Field

from tools.blueprint import api_outline
from tools.blueprint.model import CRUD, Blueprint, Criterion, CustomOperation, Entity, FieldSpec
from tools.blueprint.names import kebab, singulars
from tools.blueprint.reader import CriterionReading, Reading
from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.describing import describe_custom
from tools.blueprint.reader.merging import with_entity
from tools.blueprint.reader.rewording import Unread, read_fields, read_worded

_NAME = re.compile(r"[a-z][a-z0-9]*( [a-z0-9]+)*")
_ROLE = re.compile(r"[A-Za-z][A-Za-z0-9]*([ -][A-Za-z0-9]+)*")
_LONGEST = 40
"""Maximum length of a custom operation's name, in characters."""
_LONGEST_DOES = 2_000
_MOST = 200
"""Maximum number of sentences and custom operations in a story; reading each takes a few milliseconds."""


def read_with_wordings(
    criteria: Sequence[tuple[str, str]],
    before: Blueprint,
    wordings: Sequence[Wording],
    custom: Sequence[Custom],
) -> tuple[Reading, list[Unread]]:
    """Read a story with its wordings and custom operations; return the reading and all problems."""
    total = sum(max(1, len(each.sentences)) for each in wordings) + len(custom)
    if total > _MOST:
        why = f"the story has {total} sentences and custom operations; the maximum is {_MOST}"
        return Reading(blueprint=before, criteria=()), [Unread(id="", sentence="", why=why)]
    problems = _misplaced(criteria, before, wordings, custom)
    by_id = {each.id: each for each in wordings}
    reading, unread = read_worded(criteria, before, {each.id: each.sentences for each in wordings})
    problems += unread
    blueprint = reading.blueprint
    serving = {name: each.id for each in reversed(wordings) for name in map(_words, each.custom)}
    for declared in custom:
        try:
            operation = _operation(declared, blueprint, serving.get(_words(declared.name), ""))
            blueprint = _with(blueprint, operation)
        except Unclear as reason:
            problems.append(Unread(id="", sentence=f"custom {declared.name}", why=str(reason)))
    read_by_id = {each.id: each for each in reading.criteria}
    found: list[CriterionReading] = []
    for id_, text in criteria:
        wording = by_id.get(id_)
        if wording is None:
            found.append(read_by_id[id_])
        else:
            blueprint, outcome = _covered(id_, text, wording, read_by_id.get(id_), blueprint)
            found.append(outcome)
    return Reading(blueprint=_in_order(blueprint, criteria), criteria=tuple(found)), problems


def _in_order(blueprint: Blueprint, criteria: Sequence[tuple[str, str]]) -> Blueprint:
    """Return the blueprint with the story's criteria in the story's order, after those of earlier stories."""
    place = {id_: index for index, (id_, _) in enumerate(criteria)}
    kept = sorted(blueprint.criteria, key=lambda each: place.get(each.id, -1))
    return blueprint.model_copy(update={"criteria": tuple(kept)})


def _misplaced(
    criteria: Sequence[tuple[str, str]],
    before: Blueprint,
    wordings: Sequence[Wording],
    custom: Sequence[Custom],
) -> list[Unread]:
    """Return the problems that can be detected before any sentence is read."""
    ids = [id_ for id_, _ in criteria]
    known = {operation.name for entity in before.entities for operation in entity.custom}
    names = {_words(each.name): each.name for each in custom}
    problems: list[Unread] = []

    def say(id_: str, sentence: str, why: str) -> None:
        problems.append(Unread(id=id_, sentence=sentence, why=why))

    for index, each in enumerate(wordings):
        if each.id not in ids:
            say(each.id, "", f"the story has no such criterion; its criteria are {_listed(ids)}")
        if any(other.id == each.id for other in wordings[:index]):
            say(each.id, "", "it has more than one wording; put all of its sentences into one")
        if not (each.sentences or each.custom or each.why.strip()):
            say(each.id, "", "give it sentences or custom operations, or explain in `why` why it is left out")
        for name in each.custom:
            if _words(name) not in {*names, *known}:
                say(each.id, name, "this custom operation is not declared; declare it in `custom`")
    used = {_words(name) for each in wordings for name in each.custom}
    for name, said in names.items():
        if name not in used:
            why = "no wording refers to it; add its name to `custom` of the criterion that it covers"
            say("", f"custom {said}", why)
    return problems


def _operation(declared: Custom, blueprint: Blueprint, criterion: str) -> CustomOperation:
    """Return the declared operation. Raises Unclear if the declaration is invalid."""
    name = _words(declared.name)
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise Unclear(
            f"'{declared.name}' is not a valid name; use words of letters and digits, at most {_LONGEST} characters"
        )
    entity = _entity(declared.of, blueprint)
    if not declared.does.strip():
        raise Unclear("describe in `does` what it does, for whoever implements it")
    if len(declared.does) > _LONGEST_DOES:
        raise Unclear(f"`does` is longer than {_LONGEST_DOES:,} characters; shorten it")
    if declared.kind == "query" and not (declared.returns or declared.items):
        raise Unclear("a query must return something; list its fields in `returns` or `items`")
    for role in declared.roles:
        if not _ROLE.fullmatch(role.strip()):
            raise Unclear(
                f"'{role}' is not a valid role; roles consist of letters, digits, spaces and hyphens"
            )
    return CustomOperation(
        name=name,
        entity=entity.name,
        kind=declared.kind,
        inputs=_field_list(declared.inputs, "inputs"),
        returns=_field_list(declared.returns, "returns"),
        items=_field_list(declared.items, "items"),
        roles=tuple(dict.fromkeys("-".join(each.split()) for each in declared.roles)),
        does=" ".join(declared.does.split()),
        criterion=criterion,
    )


def _entity(said: str, blueprint: Blueprint) -> Entity:
    wanted = singulars(" ".join(said.split()))
    found = next((each for each in blueprint.entities if each.name in wanted), None)
    if found is None:
        known = _listed(each.name for each in blueprint.entities)
        raise Unclear(f"unknown entity '{said}'; known entities: {known}")
    return found


def _field_list(said: str, place: str) -> tuple[FieldSpec, ...]:
    if not said.strip():
        return ()
    if re.search(r"\blist of\b", said, re.IGNORECASE):
        raise Unclear(
            f"{place} '{said}': a field holds one value; use a text with separators and validate it in the code"
        )
    try:
        found = read_fields(said)
    except Unclear as reason:
        raise Unclear(f"{place} '{said}': {reason}") from reason
    for each in found:
        if each.unique:
            raise Unclear(f"{place}: '{each.name}' is not stored, so it cannot be unique")
        if place != "inputs" and each.default is not None:
            raise Unclear(f"{place}: '{each.name}' is part of the response, so it cannot have a default")
        if place == "returns" and each.name == "items":
            raise Unclear("returns: 'items' is the name of the list; give its fields in `items`")
    return found


def _with(blueprint: Blueprint, operation: CustomOperation) -> Blueprint:
    """Return the blueprint with the operation added. Raises Unclear if its name is taken."""
    entity = next(each for each in blueprint.entities if each.name == operation.entity)
    path = kebab(operation.name)
    if path in {*CRUD, *(kebab(each.name) for each in entity.actions)}:
        raise Unclear(f"{entity.name} already has an operation '{operation.name}'; choose another name")
    old = next((each for each in entity.custom if kebab(each.name) == path), None)
    if old is not None and old.model_copy(update={"criterion": operation.criterion}) != operation:
        raise Unclear(
            f"it already exists with a different definition: {describe_custom(old)} "
            "Refer to it without declaring it, or declare another operation"
        )
    extended = entity if old else entity.model_copy(update={"custom": (*entity.custom, operation)})
    return with_entity(blueprint, extended)


def _covered(
    id_: str, text: str, wording: Wording, read: CriterionReading | None, blueprint: Blueprint
) -> tuple[Blueprint, CriterionReading]:
    """Return the blueprint, extended by the reworded criterion if it is covered, and the reading of the criterion."""
    names = set(map(_words, wording.custom))
    served = [(entity, each) for entity in blueprint.entities for each in entity.custom if each.name in names]
    if read is None and not served:
        why = wording.why.strip() or "it has no sentence and no custom operation"
        return blueprint, CriterionReading(
            id=id_, text=text, outcome="not_covered", why=why, readings=(), operations=()
        )
    routes = [" ".join(api_outline.route(entity, each.name)) for entity, each in served]
    reading = CriterionReading(
        id=id_,
        text=text,
        outcome=read.outcome if read else "covered",
        why=read.why if read else "",
        readings=(*(read.readings if read else ()), *(describe_custom(each) for _, each in served)),
        operations=tuple(dict.fromkeys((*(read.operations if read else ()), *routes))),
    )
    kept = {each.id: each for each in blueprint.criteria}
    if served and reading.outcome == "covered":
        old = kept.get(id_) or Criterion(id=id_, text=text)
        asked = {each.criterion for _, each in served}
        own = id_ in asked or (read is not None and not old.same_as)
        kept[id_] = old.model_copy(update={"same_as": () if own else tuple(sorted({*old.same_as, *asked}))})
    return blueprint.model_copy(update={"criteria": tuple(kept.values())}), reading


def _words(name: str) -> str:
    return " ".join(re.split(r"[\s_-]+", name.strip().lower()))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none yet"


class Wording(BaseModel, extra="forbid"):
    """What covers a criterion: sentences in the forms, custom operations or both; otherwise, why it is left out."""

    id: str
    sentences: list[str] = []
    custom: list[str] = Field(default=[], description="Names.")
    why: str = ""


class Custom(BaseModel, extra="forbid"):
    """An operation on one resource that fits no form. Field lists: "months (integer, 1 to 480), start (date)"."""

    name: str = Field(description="amortisation schedule")
    of: str = Field(description="Entity.")
    kind: Literal["query", "command"]
    does: str
    inputs: str = ""
    returns: str = ""
    items: str = Field(default="", description="Fields of each record of its list.")
    roles: list[str] = []
