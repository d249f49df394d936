"""YAML and JSON without repeated keys, which parsers resolve differently: the first, the last, or an error."""

from __future__ import annotations

import json

import yaml
from pydantic import JsonValue


class UniqueKeyLoader(yaml.SafeLoader):
    """A safe loader that rejects a mapping in which a key occurs twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        """Construct a mapping. Raises ConstructorError for a repeated key."""
        # Before keys are merged, since a mapping may override what `<<` brings.
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


def load_yaml(text: str | bytes) -> JsonValue:
    """Parse a YAML document. Raises YAMLError for invalid YAML, ValueError for an impossible date."""
    value: JsonValue = yaml.load(text, Loader=UniqueKeyLoader)  # noqa: S506  a SafeLoader
    return value


def load_json(text: str) -> JsonValue:
    """Parse a JSON document. Raises ValueError if it is invalid or a key occurs twice."""
    value: JsonValue = json.loads(text, object_pairs_hook=_object)
    return value


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} occurs twice")
    return value
