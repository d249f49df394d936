"""From text to source files: templates in which only safe text can be put, imports, formatting.

A template prints nothing but `Code`. Story text becomes `Code` through `py` (a Python literal), `word`
(letters and digits) or `line` (a line of Markdown), so no story can write code: a plain `str` in a template
is an error.
"""

from __future__ import annotations

import ast
import re
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
_STANDARD = frozenset({"collections", "dataclasses", "datetime", "decimal", "typing", "uuid"})


class Code(str):
    """Text that may stand in source as it is."""

    __slots__ = ()


def py(value: object) -> Code:
    """Return a Python literal of the value."""
    if isinstance(value, Decimal):
        return Code(f"Decimal({str(value)!r})")
    return Code(repr(value))


def word(text: str) -> Code:
    """Return the text's words of ASCII letters and digits, for prose and paths."""
    return Code(" ".join(re.findall(r"[A-Za-z0-9]+", text)))


def line(text: str) -> Code:
    """Return the text as one line of Markdown that shows it literally."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return Code(re.sub(r"([\\`*_{}\[\]<>#|!$&])", r"\\\1", plain))


def render(template: str, /, **values: object) -> str:
    """Render a template of this stack."""
    return _environment().get_template(template).render(values)


def module(docstring: str, body: str, imports: Mapping[str, str]) -> str:
    """Return a formatted Python module that imports, of the names offered, those that the body uses."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    found = {imports[name] for name in used & imports.keys()}
    head = f'"""{word_sentence(docstring)}"""\n\nfrom __future__ import annotations\n\n'
    return format_python(head + _import_block(found) + "\n\n" + body)


def word_sentence(text: str) -> Code:
    """Return prose without quotes, backslashes or line breaks."""
    return Code(" ".join(re.sub(r"[^A-Za-z0-9 .,:;()'/-]+", " ", text).split()))


def format_python(text: str) -> str:
    """Return the source as black writes it."""
    return black.format_str(text, mode=_MODE)


def _import_block(statements: Iterable[str]) -> str:
    """Return imports in sections: the standard library, packages, the service itself."""
    sections: tuple[list[str], list[str], list[str]] = ([], [], [])
    for each in _merged(statements):
        root = each.split()[1].partition(".")[0]
        sections[0 if root in _STANDARD else 2 if root == "app" else 1].append(each)
    ordered = (sorted(each, key=lambda text: (text.startswith("from"), text.lower())) for each in sections)
    return "\n\n".join("\n".join(each) for each in ordered if each)


def _merged(statements: Iterable[str]) -> list[str]:
    """Return the statements with one `from` import a module; names with `as` stay alone."""
    plain: list[str] = []
    members: dict[str, list[str]] = {}
    for each in statements:
        found = re.fullmatch(r"from (\S+) import (\w+)", each)
        if found:
            members.setdefault(found[1], []).append(found[2])
        else:
            plain.append(each)
    for source, names in members.items():
        plain.append(f"from {source} import {', '.join(sorted(names, key=_member_order))}")
    return plain


def _member_order(name: str) -> tuple[int, str]:
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
        autoescape=False,  # noqa: S701  makes source, not HTML; `finalize` lets only escaped text through
    )
    found.filters |= {"py": py, "word": word, "line": line}
    return found


def _only_code(value: object) -> object:
    if isinstance(value, Code | jinja2.Undefined):
        return value
    raise TypeError(f"a template prints {type(value).__name__} without saying how to write it: {value!r:.80}")
