"""Which functions can be tested, and files put together from single tests."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.tools.deliveries import put
from tools.properties.assembling import Candidate, assembled, named
from tools.properties.assembling import tests_of as split
from tools.properties.finding import functions_of, source_of


def found(folder: Path) -> dict[str, tuple[bool, bool]]:
    return {each.label: (each.hints, each.examples) for each in functions_of(folder)}


def test_functions_with_hints_or_examples_are_found_without_importing(tmp_path: Path) -> None:
    code = "raise SystemExit('imported')\n\n\ndef hinted(a: int, b=1) -> int: ...\n\n\ndef bare(a, b: int): ...\n\n\n"
    code += (
        'def shown(a):\n    """Show.\n\n    >>> shown(1)\n    1\n    """\n\n\ndef nothing() -> int: ...\n\n\n'
    )
    code += "def _own(a: int): ...\n\n\nasync def later(a: int): ...\n\n\ndef named(*, a: str) -> str: ...\n"
    put(tmp_path, {"src/shop/a.py": code, "src/shop/__init__.py": "", "src/shop/_hidden.py": code,
                   "src/shop/__main__.py": code, "src/shop/tests/test_a.py": code, "setup.py": code,
                   "src/shop/broken.py": "def f(:\n", "tests/conftest.py": code, "docs/conf.py": code})  # fmt: skip
    assert found(tmp_path) == {
        "shop.a.hinted": (True, False),
        "shop.a.shown": (False, True),
        "shop.a.named": (True, False),
    }
    assert source_of(tmp_path, "src/shop/a.py", ["named"]) == "def named(*, a: str) -> str: ..."


def test_a_package_goes_before_its_namesake(tmp_path: Path) -> None:
    code = "def one(a: int) -> int: ...\n"
    put(tmp_path, {"shop.py": code, "shop/__init__.py": code})
    assert [each.file for each in functions_of(tmp_path)] == ["shop/__init__.py"]


def test_one_file_of_single_tests() -> None:
    source = "from hypothesis import given, strategies as st\nimport shop\n\nNUMBERS = st.integers()\n\n\n"
    source += (
        "@given(NUMBERS)\ndef test_a(x):\n    assert shop.a(x)\n\n\ndef test_b():\n    assert shop.b()\n"
    )
    tests = split(source, "model", ["shop.a"])
    again = Candidate(
        kind="model", functions=(), name="test_b", source="def test_b():\n    assert 2 == shop.c\n"
    )
    file = ast.parse(assembled("All.", named([*tests, again])))
    assert [each.name for each in file.body if isinstance(each, ast.FunctionDef)] == [
        "test_a",
        "test_b",
        "test_b_2",
    ]
    text = ast.unparse(file)
    assert text.count("NUMBERS = st.integers()") == 1
    assert "@given(NUMBERS)\n@settings(deadline=None)\ndef test_a(x):" in text
    assert "from hypothesis import settings" in text
