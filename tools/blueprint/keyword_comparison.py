"""Comparison of objects of two OpenAPI documents, keyword by keyword, so that no difference goes unnoticed.

Each keyword has a comparison rule or is an annotation; a difference in any other keyword is incomparable.
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
"""The kind of a difference, and a sentence that describes it."""
Object = dict[str, JsonValue]

ANNOTATIONS = frozenset(
    {
        *("$comment", "deprecated", "description", "example", "examples", "externalDocs", "summary", "title"),
        *("info", "tags", "operationId"),  # name and sort operations; no request or response depends on them
        "links",  # suggest further requests; OpenAPI does not guarantee that they succeed
    }
)
"""Keywords, besides `x-...`, that serve as documentation only: no request or response depends on them."""
_DATA = frozenset({"const", "default", "enum"})
"""Keywords whose values are data, in which `$ref` is an ordinary member."""
_MOST_REFERENCES = 20
"""Maximum length of a chain of references; only a cycle is longer."""


class IncomparableError(ValueError):
    """Raised when part of a document cannot be compared, is malformed or refers to something that does not exist."""


@dataclass(frozen=True)
class Documents:
    """The two documents to compare, with a cache of the references known to be equal or unequal."""

    before: Object
    after: Object
    _equal: set[tuple[str, str]] = field(default_factory=set)
    _unequal: set[tuple[str, str]] = field(default_factory=set)

    def same(self, old: JsonValue, new: JsonValue) -> bool:
        """Return whether two parts and all that they refer to are equal; False if that cannot be determined."""
        assumed: list[tuple[str, str]] = []
        try:
            same = self._alike(old, new, assumed) and all(
                self._alike(_target(self.before, was), _target(self.after, now), assumed)
                for was, now in assumed  # the list grows during the iteration
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
        """Whether the named schemas of both documents are all equal."""
        old, new = (document.get("components", {}) for document in (self.before, self.after))
        return as_text(to_object(old).get("schemas")) == as_text(to_object(new).get("schemas"))

    def depends_elsewhere(self, schema: Object) -> bool:
        """Return whether a schema's meaning depends on others that it does not name and that may differ."""
        dynamic = "$dynamicRef" in schema or "$recursiveRef" in schema
        return self.hides_subtypes(schema) or (dynamic and self.before != self.after)

    def hides_subtypes(self, schema: Object) -> bool:
        """Return whether a discriminator may select schemas that are not listed beside it and that may differ."""
        return "discriminator" in schema and not {"oneOf", "anyOf"} & schema.keys() and not self.same_schemas

    def _alike(self, old: JsonValue, new: JsonValue, assumed: list[tuple[str, str]]) -> bool:
        """Return whether two parts are equal, provided that the references collected in `assumed` are."""
        if isinstance(old, dict) and isinstance(new, dict):
            references = reference(old), reference(new)
            unlike = any(references) != all(references) or references in self._unequal
            if unlike or self.depends_elsewhere(old):
                return False
            if all(references) and references not in self._equal and references not in assumed:
                assumed.append(references)
            return old.keys() == new.keys() and all(
                self._alike(old[key], new[key], assumed)
                and (key not in _DATA or as_text(old[key]) == as_text(new[key]))
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
    """The same location in both documents: the objects found there, and the direction in which values are sent."""

    documents: Documents
    what: str
    """Name of the place in the sentences that describe differences."""
    old: Object
    new: Object
    direction: Literal["request", "response"] = "request"
    opaque: str = ""
    """The enclosing keyword and its place if any difference within it makes it incomparable; otherwise ""."""
    seen: set[tuple[bool, str, str]] = field(default_factory=set)
    """Pairs of references already followed: (whether within an opaque keyword, before, after)."""
    pending: deque[tuple[Place, str, JsonValue, JsonValue]] = field(default_factory=deque)
    """Pairs of schemas still to be compared: (enclosing place, name, before, after)."""

    @property
    def narrower(self) -> Kind:
        """The kind of a change after which fewer values are accepted."""
        return "breaking" if self.direction == "request" else "additive"

    @property
    def wider(self) -> Kind:
        """The kind of a change after which more values are accepted."""
        return "additive" if self.direction == "request" else "breaking"

    def at(self, what: str, old: JsonValue, new: JsonValue) -> Place:
        """Return a place within this one, with references resolved; raises IncomparableError for non-objects."""
        was, now = resolve(self.documents.before, old), resolve(self.documents.after, new)
        return replace(self, what=what, old=to_object(was), new=to_object(now))

    def values(self, keyword: str, kind: type[T]) -> tuple[T, T]:
        """Return both values of a keyword, empty where it is absent; raises IncomparableError for other types."""
        old, new = (
            typed(part[keyword], kind) if keyword in part else kind() for part in (self.old, self.new)
        )
        return old, new

    def objects(self, keyword: str) -> tuple[Object, Object]:
        """Return both values of a keyword, `{}` where it is absent; raises IncomparableError for non-objects."""
        return to_object(self.old.get(keyword, {})), to_object(self.new.get(keyword, {}))


Rule = Callable[[Place, str], Iterator[Difference]]
"""Yields every difference in one keyword of two objects; raises IncomparableError if they cannot be compared."""


def compare_keywords(place: Place, rules: Mapping[str, Rule]) -> Iterator[Difference]:
    """Yield the differences between the two objects at a place, in the order of the rules."""
    old, new = place.old, place.new
    for keyword in dict.fromkeys([*rules, *old, *new]):
        if is_annotation(keyword) or (keyword not in old and keyword not in new):
            continue
        was, now = old.get(keyword), new.get(keyword)
        same = as_text(was) == as_text(now) if keyword in _DATA else place.documents.same(was, now)
        if keyword in old and keyword in new and same:
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
    """Return whether a keyword only documents, so that clients are not affected if it differs."""
    return keyword in ANNOTATIONS or keyword.startswith("x-")


def incomparable(what: str) -> Difference:
    """Return a difference that only a person can assess."""
    return "incomparable", f"The {what} cannot be compared; a person has to decide."


def resolve(document: Object, value: JsonValue) -> JsonValue:
    """Return the target of a reference; a reference with further keywords, or any other value, is returned as it is.

    Annotations do not count. Raises IncomparableError if the target does not exist or references form a cycle.
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
    """Return the `$ref` of a value, or "" if it has none."""
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
    """Return the value if it is an object other than a reference; otherwise raise IncomparableError."""
    if not isinstance(value, dict) or reference(value):
        raise IncomparableError
    return value


def to_texts(value: JsonValue) -> list[str]:
    """Return the value if it is a list of strings; otherwise raise IncomparableError."""
    return [typed(text, str) for text in typed(value, list)]


def typed(value: JsonValue, kind: type[T]) -> T:
    """Return the value if it has the given type; otherwise raise IncomparableError."""
    if not isinstance(value, kind):
        raise IncomparableError
    return value


def as_text(value: JsonValue) -> str:
    """Return the value as canonical JSON, which distinguishes `1` from `true`."""
    return json.dumps(value, sort_keys=True)
