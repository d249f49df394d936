"""Nothing of a story gets into source other than as a literal, a word, or a line of prose."""

from __future__ import annotations

import ast
from decimal import Decimal

import jinja2
import pytest

from tests.tools.stacks.fastapi.blueprints import EVIL
from tools.stacks.fastapi import rendering
from tools.stacks.fastapi.rendering import Code, line, module, py, word


def test_a_template_refuses_text_that_nobody_made_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = rendering._environment()
    monkeypatch.setattr(environment, "loader", jinja2.DictLoader({"t": "{{ value }}"}))
    environment.cache.clear()  # type: ignore[union-attr]

    assert environment.get_template("t").render(value=Code("x = 1")) == "x = 1"
    for value in ("x = 1", 1, None, ["x"]):
        with pytest.raises(TypeError, match="not Code"):
            environment.get_template("t").render(value=value)
    with pytest.raises(jinja2.UndefinedError):
        environment.get_template("t").render()


@pytest.mark.parametrize(
    "value", [EVIL, "'", '"', "\\", "\n", "\u202e\ud800\0", "{{ x }}", 5, True, None, ("a", "b")]
)
def test_a_literal_is_the_value(value: object) -> None:
    assert ast.literal_eval(py(value)) == value


def test_a_decimal_is_written_as_one() -> None:
    assert py(Decimal("1.50")) == "Decimal('1.50')"


def test_prose_is_words() -> None:
    assert word(EVIL).replace(" ", "").isalnum()


def test_a_line_of_markdown_is_one_line_without_markup() -> None:
    assert line("a\n# b `c` <d> | e\u2028f") == "a \\# b \\`c\\` \\<d\\> \\| e f"


def test_a_module_imports_what_it_uses() -> None:
    offered = {"dt": "import datetime as dt", "sa": "import sqlalchemy as sa", "web": "from app import web"}

    made = module('A "quoted" thing\n.', "x: dt.date = web.y\n", offered)

    assert made.startswith('"""A quoted thing ."""\n')
    assert "\nimport datetime as dt\n\nfrom app import web\n" in made
    assert "sqlalchemy" not in made
