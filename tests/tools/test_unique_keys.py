"""Documents in which a key occurs twice are rejected."""

from __future__ import annotations

import pytest
import yaml

from tools.blueprint.blueprint_yaml import from_yaml
from tools.errors import ToolError
from tools.unique_keys import load_json, load_yaml


@pytest.mark.attack
@pytest.mark.parametrize(
    "text", ["a: 1\na: 1\n", "a: {b: 1, 'b': 2}", "- 1: x\n  0x1: y\n", "~: 1\nnull: 2\n"]
)
def test_a_key_twice_in_yaml_is_rejected(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="occurs twice"):
        load_yaml(text)


def test_a_mapping_may_override_what_it_merges() -> None:
    text = "a: &a {x: 1, y: 1}\nb: {<<: *a, x: 2}\nc: {<<: *a}\n"
    assert load_yaml(text) == {"a": {"x": 1, "y": 1}, "b": {"x": 2, "y": 1}, "c": {"x": 1, "y": 1}}


@pytest.mark.attack
def test_a_key_twice_in_json_is_rejected() -> None:
    with pytest.raises(ValueError, match="the key 'b' occurs twice"):
        load_json('{"a": [{"b": 1, "c": 2, "\\u0062": 3}]}')
    assert load_json('{"a": {"b": 1}, "b": [null]}') == {"a": {"b": 1}, "b": [None]}


@pytest.mark.attack
def test_a_blueprint_with_a_key_twice_is_rejected() -> None:
    with pytest.raises(ToolError, match="the key 'service' occurs twice"):
        from_yaml("service: shop\nservice: other\n")
