"""What may stand in tests that a model wrote, and a file without some of them."""

from __future__ import annotations

import ast

import pytest

from tools.testing.mutation import generated_source as source_of
from tools.testing.mutation.generated_source import (
    group_by_criterion,
    parse_source,
    remove_functions,
    violations,
)

FINE = "import json\nfrom shop.prices import total\n\n\ndef test_a_1_x():\n    assert total([json.loads('1')]) == 1\n"


def said(source: str) -> list[str]:
    tree = parse_source(source)
    assert isinstance(tree, ast.Module)
    return violations(tree, ["pytest", "shop"])


def test_what_is_in_order_is_not_objected_to() -> None:
    assert said(FINE) == []


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("import requests\n", "requests cannot be imported here"),
        ("def test_a():\n    from numpy.random import rand\n", "numpy.random cannot be imported"),
        ("from .helpers import x\n", ".helpers cannot be imported"),
        ("import pytest\n\npytest.importorskip('shop')\n", "importorskip hides"),
        ("from pytest import mark\n\n\n@mark.xfail\ndef test_a(): ...\n", "xfail hides"),
        ("def test_a():\n    assert True\n", "asserting a constant"),
        ("def test_a():\n    assert 'x'\n", "asserting a constant"),
        ("class TestA:\n    def test_a(self): ...\n", "not in the class TestA"),
        ("def test_a(): ...\n\n\ndef test_a(): ...\n", "two tests called test_a"),
    ],
)
def test_what_may_not_stand_there_is_named(source: str, part: str) -> None:
    assert any(part in each for each in said(source))


@pytest.mark.parametrize("source", ["def f(:\n", "\0", "(" * 2_000])
def test_what_does_not_parse_says_so(source: str) -> None:
    assert str(parse_source(source)).startswith("It does not parse")


def test_the_longest_criterion_that_fits_has_the_test() -> None:
    names = ["test_a_1_x", "test_a_1_1_x", "test_a_10_x", "test_b"]
    found, stray = group_by_criterion(names, ["A-1", "A-1.1", "A-10"])
    assert found == {"A-1": ["test_a_1_x"], "A-1.1": ["test_a_1_1_x"], "A-10": ["test_a_10_x"]}
    assert stray == ["test_b"]


def test_functions_go_with_their_decorators() -> None:
    source = (
        "import pytest\n\nX = 1\n\n\n@pytest.mark.parametrize(\n    'x', [1, 2]\n)\ndef test_a(x):\n    assert x\n\n\n"
        "def helper():\n    return 1\n\n\nasync def test_b():\n    assert helper()\n"
    )
    left = remove_functions(source, ["test_a"])
    assert (
        left
        == "import pytest\n\nX = 1\n\n\ndef helper():\n    return 1\n\n\nasync def test_b():\n    assert helper()\n"
    )
    assert source_of.tests_in(ast.parse(left)) == ["test_b"]
    assert remove_functions(source, ["test_a", "test_b"]) == ""
