"""Rendering of source files: injection-safe templates, imports, formatting.

A template outputs only `Code`. Story text becomes `Code` through `py` (a Python literal), `word` (letters and
digits) or `line` (a line of Markdown), so a story cannot inject code: a plain `str` in a template is an error.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

import black
import jinja2
from black.mode import TargetVersion

LINE_LENGTH = 100
TEMPLATES = Path(__file__).parent / "templates"
_MODE = black.Mode(line_length=LINE_LENGTH, target_versions={TargetVersion.PY311})

_MEMBERS = {
    "collections.abc": "Iterable Sequence",
    "decimal": "Decimal",
    "typing": "Annotated Any Final Literal",
    "fastapi": "APIRouter Depends Request Response",
    "pydantic": "Field TypeAdapter",
    "sqlalchemy": "orm",
    "app": "adjustments arithmetic auth clock columns computed database fields models problems store web",
    "app.problems": "Problem",
}
_IMPORTS = {
    "dt": "import datetime as dt",
    "uuid": "import uuid",
    "sa": "import sqlalchemy as sa",
    **{name: f"from {source} import {name}" for source, names in _MEMBERS.items() for name in names.split()},
}
"""Names that modules of the application may use. Lower-case ones are reserved; see `identifiers`."""


class Code(str):
    """Text that is safe to insert into source verbatim."""

    __slots__ = ()


def py(value: object) -> Code:
    """Return the value as a Python literal."""
    if isinstance(value, Decimal):
        return Code(f"Decimal({str(value)!r})")
    return Code(repr(value))


def word(text: str) -> Code:
    """Return the text's words of ASCII letters and digits, for prose and paths."""
    return Code(" ".join(re.findall(r"[A-Za-z0-9]+", text)))


def line(text: str) -> Code:
    """Return the text as one line of Markdown, escaped."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return Code(re.sub(r"([\\`*_{}\[\]<>#|!$&])", r"\\\1", plain))


def render(template: str, /, **values: object) -> str:
    """Render a template of this stack."""
    return _environment().get_template(template).render(values)


def static_files(folder: str) -> dict[str, str]:
    """Return the formatted text of each Python file in a folder of the templates that needs no rendering."""
    return {
        f"{folder}/{path.name}": format_python(path.read_text("utf-8"))
        for path in (TEMPLATES / folder).glob("*.py")
    }


def module(docstring: str, body: str, imports: Mapping[str, str] | None = None) -> str:
    """Return a formatted Python module that imports the names its body uses: those of `imports`, and common ones."""
    available = _IMPORTS | dict(imports or {})
    found = {available[name] for name in used_names(body) & available.keys()}
    head = f'"""{word_sentence(docstring)}"""\n\nfrom __future__ import annotations\n\n'
    return format_python(head + import_block(found) + "\n\n" + body)


def used_names(source: str) -> set[str]:
    """Return the names that the source reads."""
    names = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, ast.Load)}


def word_sentence(text: str) -> Code:
    """Return prose without quotes, backslashes or line breaks."""
    return Code(" ".join(re.sub(r"[^A-Za-z0-9 .,:;()'/-]+", " ", text).split()))


def format_python(text: str) -> str:
    """Return the source formatted by black."""
    return black.format_str(text, mode=_MODE)


def import_block(statements: Iterable[str]) -> str:
    """Return merged and sorted imports, in sections: standard library, packages, the service itself."""
    plain: list[str] = []
    members: dict[str, list[str]] = {}
    for statement in statements:
        match = re.fullmatch(r"from (\S+) import (\w+)", statement)
        if match:
            members.setdefault(match[1], []).append(match[2])
        else:
            plain.append(statement)
    for source, names in members.items():
        plain.append(f"from {source} import {', '.join(sorted(names, key=_member_order))}")
    sections: tuple[list[str], list[str], list[str]] = ([], [], [])
    for statement in sorted(plain, key=lambda text: (text.startswith("from"), text.lower())):
        root = statement.split()[1].partition(".")[0]
        section = 0 if root in sys.stdlib_module_names else 2 if root in ("app", "tests") else 1
        sections[section].append(statement)
    return "\n\n".join("\n".join(section) for section in sections if section)


def _member_order(name: str) -> tuple[int, str]:
    """Sort key of imported names, as isort orders them: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@cache
def _environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        finalize=_only_code,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  renders source, not HTML; `finalize` admits only escaped text
    )
    found.filters |= {"py": py, "word": word, "line": line}
    return found


def _only_code(value: object) -> object:
    if isinstance(value, Code | jinja2.Undefined):
        return value
    raise TypeError(
        f"a template outputs {type(value).__name__}, not Code; apply `py`, `word` or `line` to {value!r:.80}"
    )
