"""Compare two objects of OpenAPI documents keyword by keyword, so that no difference is passed over in silence.

A keyword is compared by a rule, or is an annotation that binds nobody; any other one that differs cannot be compared.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal
from urllib.parse import unquote

from pydantic import JsonValue

Kind = Literal["breaking", "additive", "incomparable"]
Difference = tuple[Kind, str]
"""Kind and sentence."""
Object = dict[str, JsonValue]

ANNOTATIONS = frozenset(
    {
        *("$comment", "deprecated", "description", "example", "examples", "externalDocs", "summary", "title"),
        *("info", "tags", "operationId"),  # name and sort operations; no request or response depends on them
        "links",  # what a client may do next; OpenAPI promises nothing of it
    }
)
"""Keywords in which documents may differ, beside `x-...`: they explain, and no request or response depends on them."""
_MOST_REFERENCES = 20
"""How many references in a row are followed; only a cycle is longer."""


class IncomparableError(ValueError):
    """A part of a document has an invalid format, or refers to something that the document does not hold."""


@dataclass(frozen=True)
class Documents:
    """The two documents, and what is already known of their parts."""

    before: Object
    after: Object
    _equal: set[tuple[str, str]] = field(default_factory=set)
    _unequal: set[tuple[str, str]] = field(default_factory=set)

    def same(self, old: JsonValue, new: JsonValue) -> bool:
        """Whether two parts are equal with all that they refer to; False where that cannot be known."""
        assumed: set[tuple[str, str]] = set()
        pending = [(old, new)]
        while pending:
            if not self._alike(*pending.pop(), pending, assumed):
                if reference(old) and old == {"$ref": reference(old)} and new == {"$ref": reference(new)}:
                    self._unequal.add((reference(old), reference(new)))
                return False
        self._equal.update(assumed)
        return True

    @cached_property
    def same_schemas(self) -> bool:
        """Whether all named schemas are equal."""
        old, new = (document.get("components", {}) for document in (self.before, self.after))
        return as_text(to_object(old).get("schemas")) == as_text(to_object(new).get("schemas"))

    def hides_subtypes(self, schema: Object) -> bool:
        """Whether a discriminator admits schemas that no keyword beside it lists, and these may differ."""
        return "discriminator" in schema and not {"oneOf", "anyOf"} & schema.keys() and not self.same_schemas

    def _alike(
        self,
        old: JsonValue,
        new: JsonValue,
        pending: list[tuple[JsonValue, JsonValue]],
        assumed: set[tuple[str, str]],
    ) -> bool:
        """Compare two parts; what they refer to becomes pending, and is assumed to be equal until then."""
        if isinstance(old, dict) and isinstance(new, dict):
            references = reference(old), reference(new)
            if self.hides_subtypes(old) or any(references) != all(references) or references in self._unequal:
                return False
            if all(references) and references not in self._equal | assumed:
                assumed.add(references)
                try:
                    pending.append((_target(self.before, references[0]), _target(self.after, references[1])))
                except IncomparableError:
                    return False
            return old.keys() == new.keys() and all(
                self._alike(old[key], new[key], pending, assumed)
                for key in old
                if key != "$ref" or not all(references)
            )
        if isinstance(old, list) and isinstance(new, list):
            return len(old) == len(new) and all(
                self._alike(*pair, pending, assumed) for pair in zip(old, new, strict=True)
            )
        return type(old) is type(new) and old == new


@dataclass(frozen=True)
class Side:
    """The documents, and which way the values in question go."""

    documents: Documents
    direction: Literal["request", "response"]
    opaque: str = ""
    """The keyword and its place, if it is only asked whether there is a difference within it."""
    seen: set[tuple[bool, str, str]] = field(default_factory=set)
    """Pairs of references that were followed: (in an opaque keyword, before, after)."""
    pending: deque[tuple[Side, str, JsonValue, JsonValue]] = field(default_factory=deque)
    """Pairs that are still to be followed, each with the name of its place."""

    @property
    def narrower(self) -> Kind:
        """What it is to a client when fewer values are admitted."""
        return "breaking" if self.direction == "request" else "additive"

    @property
    def wider(self) -> Kind:
        """What it is to a client when more values are admitted."""
        return "additive" if self.direction == "request" else "breaking"

    def objects(self, old: JsonValue, new: JsonValue) -> tuple[Object, Object]:
        """Return both objects, references followed; raises IncomparableError."""
        return to_object(resolve(self.documents.before, old)), to_object(resolve(self.documents.after, new))


Rule = Callable[[Side, str, Object, Object], Iterator[Difference]]
"""Yields every difference of one keyword of two objects, named by the text; raises IncomparableError."""


def compare_keywords(
    side: Side, what: str, old: Object, new: Object, rules: Mapping[str, Rule]
) -> Iterator[Difference]:
    """Yield the differences of two objects, in the order of the rules; `what` names them in the sentences."""
    for keyword in dict.fromkeys([*rules, *old, *new]):
        if is_annotation(keyword) or (keyword not in old and keyword not in new):
            continue
        if keyword in old and keyword in new and side.documents.same(old[keyword], new[keyword]):
            continue
        try:
            yield from rules.get(keyword, _no_rule)(side, what, old, new)
        except IncomparableError:
            yield incomparable(f"`{keyword}` of the {what}")


def flag(keyword: str, words: str, otherwise: str) -> Rule:
    """Return the rule of a keyword that, where it is true, admits fewer values; both texts follow the value's name."""

    def differences(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
        was, now = (to_flag(part.get(keyword, False)) for part in (old, new))
        if was != now:
            yield side.narrower if now else side.wider, f"The {what} {words if now else otherwise}."

    return differences


def _no_rule(side: Side, what: str, old: Object, new: Object) -> Iterator[Difference]:
    raise IncomparableError


def is_annotation(keyword: str) -> bool:
    """Whether documents may differ in this keyword without a difference to a client."""
    return keyword in ANNOTATIONS or keyword.startswith("x-")


def incomparable(what: str) -> Difference:
    """Return the difference that nobody but a person can weigh."""
    return "incomparable", f"The {what} cannot be compared; a person has to decide."


def resolve(document: Object, value: JsonValue) -> JsonValue:
    """Return what a reference leads to; any other value as it is, and so a reference with other keywords beside it.

    Raises IncomparableError where it leads to nothing.
    """
    for _ in range(_MOST_REFERENCES):
        name = reference(value)
        if (
            not isinstance(value, dict)
            or not name
            or not all(key == "$ref" or is_annotation(key) for key in value)
        ):
            return value
        value = _target(document, name)
    raise IncomparableError


def reference(value: JsonValue) -> str:
    """Return what a value refers to, "" for nothing."""
    name = value.get("$ref") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""


def _target(document: Object, name: str) -> JsonValue:
    if not name.startswith("#/"):
        raise IncomparableError
    target: JsonValue = document
    for part in name[2:].split("/"):
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if key not in (members := to_object(target)):
            raise IncomparableError
        target = members[key]
    return target


def to_object(value: JsonValue) -> Object:
    """Return an object that is no reference; raises IncomparableError for anything else."""
    if not isinstance(value, dict) or reference(value):
        raise IncomparableError
    return value


def to_list(value: JsonValue) -> list[JsonValue]:
    """Return a list; raises IncomparableError for anything else."""
    if not isinstance(value, list):
        raise IncomparableError
    return value


def to_texts(value: JsonValue) -> list[str]:
    """Return a list of texts; raises IncomparableError for anything else."""
    texts = [text for text in to_list(value) if isinstance(text, str)]
    if texts != value:
        raise IncomparableError
    return texts


def to_flag(value: JsonValue) -> bool:
    """Return a boolean; raises IncomparableError for anything else."""
    if not isinstance(value, bool):
        raise IncomparableError
    return value


def as_text(value: JsonValue) -> str:
    """Return the value as canonical JSON, by which `1` and `true` differ."""
    return json.dumps(value, sort_keys=True)
