"""Renders source files from injection-safe templates, with imports and formatting.

Templates can output only `Code`; a plain `str` is an error. Story text is converted to `Code` by `py` (a Python
literal), `word` (letters and digits) or `line` (a line of Markdown), so a story cannot inject code.
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
    "app": "adjustments arithmetic auth clock columns computed database fields models owners problems store web",
    "app.problems": "Problem",
}
_IMPORTS = {
    "dt": "import datetime as dt",
    "uuid": "import uuid",
    "sa": "import sqlalchemy as sa",
    **{name: f"from {source} import {name}" for source, names in _MEMBERS.items() for name in names.split()},
}
"""Names that generated modules may use, with their imports. Lower-case names are reserved; see `identifiers`."""


class Code(str):
    """Text that can safely be inserted into source code verbatim."""

    __slots__ = ()


def py(value: object) -> Code:
    """Return a value as Python source: a literal or a call to `Decimal`."""
    if isinstance(value, Decimal):
        return Code(f"Decimal({str(value)!r})")
    return Code(repr(value))


def word(text: str) -> Code:
    """Return the ASCII letters and digits of a text as words separated by spaces."""
    return Code(" ".join(re.findall(r"[A-Za-z0-9]+", text)))


def line(text: str) -> Code:
    """Return a text as a single, escaped line of Markdown."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return Code(re.sub(r"([\\`*_{}\[\]<>#|!$&])", r"\\\1", plain))


def render(template: str, /, **values: object) -> str:
    """Render a template, given by its path in the templates folder, with these values."""
    return _environment().get_template(template).render(values)


def static_files(folder: str) -> dict[str, str]:
    """Return the Python files in a templates folder that need no rendering, formatted, by path."""
    return {
        f"{folder}/{path.name}": format_python(path.read_text("utf-8"))
        for path in (TEMPLATES / folder).glob("*.py")
    }


def module(docstring: str, body: str, imports: Mapping[str, str] | None = None) -> str:
    """Return a formatted module with the imports that its body needs, taken from the common ones and `imports`."""
    available = _IMPORTS | dict(imports or {})
    found = {available[name] for name in used_names(body) & available.keys()}
    head = f'"""{word_sentence(docstring)}"""\n\nfrom __future__ import annotations\n\n'
    return format_python(head + import_block(found) + "\n\n" + body)


def used_names(source: str) -> set[str]:
    """Return the names that are read anywhere in the source."""
    names = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name))
    return {node.id for node in names if isinstance(node.ctx, ast.Load)}


def word_sentence(text: str) -> Code:
    """Return a text without quotes, backslashes, line breaks or other characters that are unsafe in a docstring."""
    return Code(" ".join(re.sub(r"[^A-Za-z0-9 .,:;()'/-]+", " ", text).split()))


def format_python(text: str) -> str:
    """Format Python source with black."""
    return black.format_str(text, mode=_MODE)


def import_block(statements: Iterable[str]) -> str:
    """Merge and sort import statements in three sections: standard library, third-party packages and the service."""
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
    """Return the sort key of an imported name in isort's order: constants, classes, functions."""
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
