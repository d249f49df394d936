"""Reading Python that others wrote."""

from __future__ import annotations

import ast
import warnings

import pytest

from tools.python_source import last_name, parse_python


@pytest.mark.parametrize("source", ["def", b"\xff\xfe", "x = 1\0", "(" * 10_000, "f(" * 100_000])
def test_what_cannot_be_parsed_is_none(source: str | bytes) -> None:
    assert parse_python(source) is None


def test_warnings_of_the_source_are_its_own_affair() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert parse_python("x = '\\d'\n1 is 1\n") is not None
    assert caught == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("skip", "skip"),
        ("pytest.mark.skip", "skip"),
        ("pytest.mark.skip('x')", "skip"),
        ("f(1)(2)", "f"),
        ("x[0]", ""),
        ("'x'", ""),
    ],
)
def test_last_name(source: str, name: str) -> None:
    assert last_name(ast.parse(source, mode="eval").body) == name
