"""Compare two objects of OpenAPI documents keyword by keyword, so that no difference is passed over in silence.

A keyword is compared by a rule, or is an annotation that binds nobody; any other one that differs cannot be compared.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeVar
from urllib.parse import unquote

from pydantic import JsonValue

T = TypeVar("T")
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
        assumed: list[tuple[str, str]] = []
        try:
            same = self._alike(old, new, assumed) and all(
                self._alike(_target(self.before, was), _target(self.after, now), assumed)
                for was, now in assumed  # which grows meanwhile
            )
        except IncomparableError:
            same = False
        if same:
            self._equal.update(assumed)
        elif reference(old) and old == {"$ref": reference(old)} and new == {"$ref": reference(new)}:
            self._unequal.add((reference(old), reference(new)))
        return same

    @cached_property
    def same_schemas(self) -> bool:
        """Whether all named schemas are equal."""
        old, new = (document.get("components", {}) for document in (self.before, self.after))
        return as_text(to_object(old).get("schemas")) == as_text(to_object(new).get("schemas"))

    def hides_subtypes(self, schema: Object) -> bool:
        """Whether a discriminator admits schemas that no keyword beside it lists, and these may differ."""
        return "discriminator" in schema and not {"oneOf", "anyOf"} & schema.keys() and not self.same_schemas

    def _alike(self, old: JsonValue, new: JsonValue, assumed: list[tuple[str, str]]) -> bool:
        """Whether two parts are equal if the references that are assumed to be equal are."""
        if isinstance(old, dict) and isinstance(new, dict):
            references = reference(old), reference(new)
            if self.hides_subtypes(old) or any(references) != all(references) or references in self._unequal:
                return False
            if all(references) and references not in self._equal and references not in assumed:
                assumed.append(references)
            return old.keys() == new.keys() and all(
                self._alike(old[key], new[key], assumed)
                for key in old
                if key != "$ref" or not all(references)
            )
        if isinstance(old, list) and isinstance(new, list):
            return len(old) == len(new) and all(
                self._alike(*pair, assumed) for pair in zip(old, new, strict=True)
            )
        return type(old) is type(new) and old == new


@dataclass(frozen=True)
class Place:
    """The same place in both documents: the objects there, and which way the values in question go."""

    documents: Documents
    what: str
    """Its name in the sentences."""
    old: Object
    new: Object
    direction: Literal["request", "response"] = "request"
    opaque: str = ""
    """The keyword and its place, if it is only asked whether there is a difference within it."""
    seen: set[tuple[bool, str, str]] = field(default_factory=set)
    """Pairs of references that were followed: (in an opaque keyword, before, after)."""
    pending: deque[tuple[Place, str, JsonValue, JsonValue]] = field(default_factory=deque)
    """Pairs that are still to be followed, each with the name of its place."""

    @property
    def narrower(self) -> Kind:
        """What it is to a client when fewer values are admitted."""
        return "breaking" if self.direction == "request" else "additive"

    @property
    def wider(self) -> Kind:
        """What it is to a client when more values are admitted."""
        return "additive" if self.direction == "request" else "breaking"

    def at(self, what: str, old: JsonValue, new: JsonValue) -> Place:
        """Return a place within this one, references followed; raises IncomparableError where no objects are."""
        was, now = resolve(self.documents.before, old), resolve(self.documents.after, new)
        return replace(self, what=what, old=to_object(was), new=to_object(now))

    def values(self, keyword: str, kind: type[T]) -> tuple[T, T]:
        """Return the values of a keyword, empty where it is absent; raises IncomparableError for other types."""
        old, new = (
            typed(part[keyword], kind) if keyword in part else kind() for part in (self.old, self.new)
        )
        return old, new

    def objects(self, keyword: str) -> tuple[Object, Object]:
        """Return the objects that are the values of a keyword; raises IncomparableError."""
        return to_object(self.old.get(keyword, {})), to_object(self.new.get(keyword, {}))


Rule = Callable[[Place, str], Iterator[Difference]]
"""Yields every difference of a keyword of two objects; raises IncomparableError."""


def compare_keywords(place: Place, rules: Mapping[str, Rule]) -> Iterator[Difference]:
    """Yield the differences of two objects, in the order of the rules."""
    old, new = place.old, place.new
    for keyword in dict.fromkeys([*rules, *old, *new]):
        if is_annotation(keyword) or (keyword not in old and keyword not in new):
            continue
        if keyword in old and keyword in new and place.documents.same(old[keyword], new[keyword]):
            continue
        try:
            yield from rules.get(keyword, _no_rule)(place, keyword)
        except IncomparableError:
            yield incomparable(f"`{keyword}` of the {place.what}")


def compared_elsewhere(place: Place, keyword: str) -> Iterator[Difference]:
    """Yield nothing, as another rule compares the keyword."""
    yield from ()


def _no_rule(place: Place, keyword: str) -> Iterator[Difference]:
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
        if not (
            isinstance(value, dict) and name and all(key == "$ref" or is_annotation(key) for key in value)
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


def to_texts(value: JsonValue) -> list[str]:
    """Return a list of texts; raises IncomparableError for anything else."""
    return [typed(text, str) for text in typed(value, list)]


def typed(value: JsonValue, kind: type[T]) -> T:
    """Return a value of this type; raises IncomparableError for anything else."""
    if not isinstance(value, kind):
        raise IncomparableError
    return value


def as_text(value: JsonValue) -> str:
    """Return the value as canonical JSON, by which `1` and `true` differ."""
    return json.dumps(value, sort_keys=True)
