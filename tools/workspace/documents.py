"""Parsing of untrusted YAML, JSON and TOML, with limits on size and nesting that keep the parsing time short.

Repeated keys are rejected, because parsers resolve them differently: the first, the last, or an error.
"""

from __future__ import annotations

import json
import re
import tomllib

import yaml
from pydantic import JsonValue

MOST_CHARACTERS = 1_000_000
"""Maximum length of a document, in characters."""
MOST_NESTED = 100
"""Maximum nesting depth of lists and mappings, and maximum number of parts of a dotted TOML key."""

_TOKENS = re.compile(
    r'"""(?:[^\\"]|\\.|"(?!""))*+(?:"""|\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'''|\Z)"
    r'|"(?:[^\\"\n]|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+"
    r"|[\[\]{}.,=\n]",
    re.DOTALL,
)
"""Strings and comments of JSON and TOML, which are skipped, and the characters that determine the nesting."""


class InvalidDocument(ValueError):  # noqa: N818  names the condition
    """A document is invalid, too long or nested too deeply; the message says which."""


class AliasError(yaml.YAMLError):
    """A YAML document contains an alias."""


class BoundedLoader(yaml.SafeLoader):
    """A safe loader that rejects deep nesting, repeated keys, and aliases, which can expand exponentially."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node. Raises an error if it is an alias or nested too deeply."""
        if self.check_event(yaml.AliasEvent):
            raise AliasError("aliases are not allowed")
        if self._depth > MOST_NESTED:
            raise yaml.YAMLError(_too_deep())
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        """Construct a mapping. Raises ConstructorError if a key occurs twice."""
        # Checked before `<<` is merged, since a mapping may override merged keys.
        keys = [
            key for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value not in ("<<", "=")
        ]
        known: set[object] = set()
        for key in map(self.construct_object, keys):
            if key in known:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key!r} occurs twice", problem_mark=node.start_mark
                )
            known.add(key)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str) -> JsonValue:
    """Parse YAML; dates and times become objects. Raises InvalidDocument if that is impossible."""
    _require_short(text)
    try:
        value: JsonValue = yaml.load(text, Loader=BoundedLoader)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidDocument(str(error)) from error
    return value


def parse_json(text: str) -> JsonValue:
    """Parse JSON. Raises InvalidDocument if that is impossible."""
    _require_flat(text)
    try:
        value: JsonValue = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise InvalidDocument(str(error)) from error
    return value


def parse_toml(text: str) -> dict[str, JsonValue]:
    """Parse TOML. Raises InvalidDocument if that is impossible."""
    _require_flat(text)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidDocument(str(error)) from error


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} occurs twice")
    return value


def _require_short(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise InvalidDocument(f"it has {len(text):,} characters; the limit is {MOST_CHARACTERS:,}")


def _require_flat(text: str) -> None:
    """Raise InvalidDocument if JSON or TOML is too long or nested too deeply, before it is parsed."""
    _require_short(text)
    depth, parts = 0, 0
    for match in _TOKENS.finditer(text):
        mark = match[0]
        if mark == ".":
            parts += 1
        elif mark in ("[", "{", "]", "}", ",", "=", "\n"):
            parts = 0
            depth += (mark in "[{") - (mark in "]}")
        if depth > MOST_NESTED or parts > MOST_NESTED:
            raise InvalidDocument(_too_deep())


def _too_deep() -> str:
    return f"it is nested more than {MOST_NESTED} deep"
