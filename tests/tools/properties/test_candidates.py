"""Test files assembled from single tests."""

from __future__ import annotations

import ast

from tools.properties.candidates import Candidate, assemble_module, with_unique_names
from tools.properties.candidates import split_tests as split


def test_one_file_of_single_tests() -> None:
    source = "from hypothesis import given, strategies as st\nimport shop\n\nNUMBERS = st.integers()\n\n\n"
    source += (
        "@given(NUMBERS)\ndef test_a(x):\n    assert shop.a(x)\n\n\ndef test_b():\n    assert shop.b()\n"
    )
    tests = split(source, "model", ["shop.a"])
    again = Candidate(
        kind="model", functions=(), name="test_b", source="def test_b():\n    assert 2 == shop.c\n"
    )
    file = ast.parse(assemble_module("All.", with_unique_names([*tests, again])))
    assert [each.name for each in file.body if isinstance(each, ast.FunctionDef)] == [
        "test_a",
        "test_b",
        "test_b_2",
    ]
    text = ast.unparse(file)
    assert text.count("NUMBERS = st.integers()") == 1
    assert "@given(NUMBERS)\n@settings(deadline=None)\ndef test_a(x):" in text
    assert "from hypothesis import settings" in text
