"""Which functions can be tested, found without importing anything."""

from __future__ import annotations

from pathlib import Path

from tests.tools.deliveries import put
from tools.properties.functions import find_functions, functions_source


def found(folder: Path) -> dict[str, tuple[bool, bool]]:
    return {each.label: (each.hints, each.examples) for each in find_functions(folder)}


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
    assert functions_source(tmp_path, "src/shop/a.py", ["named"]) == "def named(*, a: str) -> str: ..."


def test_a_package_goes_before_its_namesake(tmp_path: Path) -> None:
    code = "def one(a: int) -> int: ...\n"
    put(tmp_path, {"shop.py": code, "shop/__init__.py": code})
    assert [each.file for each in find_functions(tmp_path)] == ["shop/__init__.py"]
