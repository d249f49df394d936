"""Untrusted documents are parsed in a short time, or refused with the limit that they exceed."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tools.blueprint.blueprint_yaml import from_yaml
from tools.errors import ToolError
from tools.workspace.documents import InvalidDocument, parse_json, parse_toml, parse_yaml

CPU_SECONDS = 10

DEEP = {
    "yaml lists": (parse_yaml, "[" * 100_000),
    "yaml mappings": (parse_yaml, "{a: " * 30_000),
    "yaml lists on lines": (parse_yaml, "[\n" * 50_000),
    "yaml block lists": (parse_yaml, "- " * 50_000),
    "yaml block mappings": (parse_yaml, "".join(" " * depth + "a:\n" for depth in range(400))),
    "json lists": (parse_json, "[" * 100_000),
    "json objects": (parse_json, '{"a":' * 20_000),
    "json, closed": (parse_json, "[" * 101 + "]" * 101),
    "toml lists": (parse_toml, "a = " + "[" * 100_000),
    "toml tables": (parse_toml, "a = " + "{a=" * 30_000),
    "toml dotted keys": (parse_toml, "a." * 50_000 + "a = 1"),
    "toml quoted keys": (parse_toml, '"a".' * 25_000 + "a = 1"),
    "toml headers": (parse_toml, "[" + "a . " * 25_000 + "a]"),
}


@pytest.mark.attack
@pytest.mark.parametrize("case", DEEP)
def test_deep_nesting_is_refused_at_once(case: str) -> None:
    parse, text = DEEP[case]
    began = time.process_time()
    with pytest.raises(InvalidDocument, match="nested more than 100 deep"):
        parse(text)
    assert time.process_time() - began < CPU_SECONDS


@pytest.mark.attack
@pytest.mark.parametrize("parse", [parse_yaml, parse_json, parse_toml])
def test_long_documents_are_refused(parse: Callable[[str], object]) -> None:
    with pytest.raises(InvalidDocument, match="the limit is 1,000,000"):
        parse("a" * 1_000_001)


@pytest.mark.attack
def test_aliases_are_refused() -> None:
    with pytest.raises(InvalidDocument, match="aliases"):
        parse_yaml("a: &a [x, x]\nb: [*a, *a]\n")


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_yaml, "[" * 100 + "]" * 100, None),
        (parse_yaml, "a: [1, b]\n", {"a": [1, "b"]}),
        (parse_json, "[" * 100 + "]" * 100, None),
        (parse_json, '{"a": "[[[' + "." * 200 + '"}', {"a": "[[[" + "." * 200}),
        (parse_toml, "a = " + "[" * 100 + "]" * 100, None),
        (parse_toml, '# [[[\na.b = """\n[[[\\""" ..."""\n', {"a": {"b": '[[[""" ...'}}),
        (parse_toml, "a = [" + "1.5, " * 200 + "]", {"a": [1.5] * 200}),
        (parse_toml, f"a = ['{'[' * 200}', \"{'.' * 200}\"]", {"a": ["[" * 200, "." * 200]}),
    ],
)
def test_ordinary_documents_are_parsed(parse: Callable[[str], object], text: str, value: object) -> None:
    found = parse(text)
    assert value is None or found == value


@pytest.mark.parametrize("parse", [parse_yaml, parse_json, parse_toml])
def test_invalid_documents_are_refused(parse: Callable[[str], object]) -> None:
    with pytest.raises(InvalidDocument):
        parse("[x: ")


@pytest.mark.attack
@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_yaml, "a: 1\na: 1\n"),
        (parse_yaml, "a: {b: 1, 'b': 2}"),
        (parse_yaml, "- 1: x\n  0x1: y\n"),
        (parse_yaml, "~: 1\nnull: 2\n"),
        (parse_json, '{"a": [{"b": 1, "c": 2, "\\u0062": 3}]}'),
        (parse_toml, "a = 1\na = 2\n"),
    ],
)
def test_a_repeated_key_is_refused(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(InvalidDocument, match=r"occurs twice|overwrite"):
        parse(text)


@pytest.mark.attack
def test_a_blueprint_with_a_repeated_key_is_refused() -> None:
    with pytest.raises(ToolError, match="the key 'service' occurs twice"):
        from_yaml("service: shop\nservice: other\n")
