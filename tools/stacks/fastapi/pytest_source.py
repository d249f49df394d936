"""Writes the source of generated pytest modules. Only these functions insert story text into it."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tools.blueprint.model import Criterion
from tools.blueprint.simulated_requests import Expression
from tools.stacks.fastapi.identifiers import spelled
from tools.stacks.fastapi.rendering import LINE_LENGTH, format_python, import_block, used_names

_NAME_LENGTH = 90
_IMPORTS = {
    "pytest": "import pytest",
    "dt": "import datetime as dt",
    "yaml": "import yaml",
    **{
        name: f"from tests.support import {name}"
        for name in ("BAD_TOKENS", "Api", "Json", "accepted", "bearer", "day", "ids", "moment", "refused")
    },
    **{name: f"from tests.custom import {name}" for name in ("NOWHERE", "skip_unwritten", "unwritten")},
    "latency_ms": "from tests.latency import latency_ms",
    "Call": "from tests.latency import Call",
}


Values = tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Case:
    """A test function to be generated."""

    criterion: Criterion
    aspect: str
    """The aspect of the criterion that the test checks, in a few words; "" for the criterion as a whole."""
    body: tuple[str, ...]
    """Lines of the function body, without its indentation."""
    values: Values = ()
    """Label and value of each case of a test that is parametrized by `value`."""
    fixture: str = "api: Api"
    named: bool = False
    """Whether the name of the test omits the wording of the criterion."""


def named(criterion: Criterion, name: str, body: Iterable[str], values: Values = ()) -> Case:
    """Return a test whose name consists of the criterion id and `name`, its aspect."""
    return Case(criterion, name, tuple(body), values, named=True)


@dataclass
class Module:
    """A module of acceptance tests that is being built."""

    docstring: str
    cases: list[Case] = field(default_factory=list)


def literal(value: object) -> str:
    """Return the Python source of a JSON value; decimals become integers or floats."""
    if isinstance(value, Expression):
        return value.code
    if isinstance(value, Decimal):
        return repr(int(value)) if value == value.to_integral_value() else repr(float(value))
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(each) for each in value) + "]"
    if value is None or isinstance(value, bool | int | float | str):
        return ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    raise TypeError(f"no source for {type(value).__name__}")


def equals(code: str, value: object) -> str:
    """Return the assertion that an expression equals a value; None and booleans are compared with `is`."""
    return f"assert {code} {'is' if value is None or isinstance(value, bool) else '=='} {literal(value)}"


def docstring(text: str, indent: str = "    ") -> list[str]:
    """Return the lines of a docstring with one paragraph, wrapped and escaped."""
    return paragraphs([text], indent)


def paragraphs(texts: Iterable[str], indent: str = "    ") -> list[str]:
    """Return the lines of a docstring with several paragraphs, wrapped and escaped."""
    lines: list[str] = []
    for text in texts:
        lines += [""] if lines else []
        lines += _wrapped(text, LINE_LENGTH - len(indent) - 6)
    if len(lines) == 1:
        return [f'{indent}"""{lines[0]}"""']
    return [f'{indent}"""{lines[0]}', *(indent + each if each else "" for each in lines[1:]), f'{indent}"""']


def _wrapped(text: str, width: int) -> list[str]:
    plain = " ".join(text.split()) or "(empty)"
    return [_escaped(each) for each in textwrap.wrap(plain, width // _breadth(plain), break_on_hyphens=False)]


def factory(entity: str) -> str:
    """Return the suffix of the names of an entity's factories, such as `order` in `make_order` and `body_of_order`."""
    return spelled(entity)


def slug(text: str) -> str:
    """Return a text in snake case, for use in a function name."""
    return "_".join(re.findall(r"[a-z0-9]+", text.lower()))


def story_of(criterion: Criterion) -> str:
    """Return the id of the story that a criterion belongs to."""
    return criterion.id.rpartition(".")[0] or criterion.id


def render(module: Module) -> tuple[str, list[tuple[Case, str]]]:
    """Return the source of a module, and its tests with the names of their functions."""
    names = _names(module.cases)
    functions = [_function(case, name) for case, name in zip(module.cases, names, strict=True)]
    source = with_imports(module.docstring, "\n\n\n".join(functions))
    return source, list(zip(module.cases, names, strict=True))


def with_imports(head: str, body: str) -> str:
    """Return a formatted module with the docstring `head` and imports of the names that the body uses."""
    used = used_names(body)
    factories = set(re.findall(r"(?<!def )\b((?:make|body_of)_\w+)\(", body))
    wanted = _IMPORTS | {name: f"from tests.bodies import {name}" for name in factories}
    statements = {wanted[name] for name in used if name in wanted}
    text = "\n".join(docstring(head, "")) + "\n\nfrom __future__ import annotations\n\n"
    return format_python(text + import_block(statements) + "\n\n\n" + body + "\n")


def tidy(source: str) -> str:
    """Return a formatted module with its imports sorted and unused ones removed.

    Imports are left unchanged if any of them is relative, has an alias or is separated from the others.
    """
    body = ast.parse(source).body
    imports = [each for each in body if isinstance(each, ast.Import | ast.ImportFrom)]
    first = body.index(imports[0]) if imports else 0
    plain = all(not name.asname for each in imports for name in each.names)
    relative = any(isinstance(each, ast.ImportFrom) and each.level for each in imports)
    if not imports or imports != body[first : first + len(imports)] or relative or not plain:
        return format_python(source)
    used, lines = used_names(source), source.splitlines()
    future, statements = list[str](), list[str]()
    for each in imports:
        for name in (one.name for one in each.names):
            if isinstance(each, ast.Import):
                statements += [f"import {name}"] if name.partition(".")[0] in used else []
            elif each.module == "__future__":
                future.append(f"from __future__ import {name}")
            elif name in used or name == "*":
                statements.append(f"from {each.module} import {name}")
    head, rest = lines[: imports[0].lineno - 1], lines[imports[-1].end_lineno or 0 :]
    sections = [*future, import_block(dict.fromkeys(statements))]
    return format_python("\n".join([*head, "\n\n".join(sections), "\n", *rest]) + "\n")


def _names(cases: Iterable[Case]) -> list[str]:
    taken: set[str] = set()
    found = []
    for case in cases:
        sentence = "" if case.named else _cut(slug(_sentence(case)), _NAME_LENGTH - len(slug(case.aspect)))
        parts = ("test", slug(case.criterion.id), sentence, slug(case.aspect))
        base = "_".join(each for each in parts if each)
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        found.append(name)
    return found


def _sentence(case: Case) -> str:
    """Return the text that a test is named after: its criterion's rewording if that is one sentence, else its text."""
    wording = case.criterion.wording
    if len(wording) > 1 and case.aspect:
        # The aspect identifies the relevant sentence better than the first sentence would.
        return ""
    return wording[0] if len(wording) == 1 else case.criterion.text


def _cut(name: str, length: int) -> str:
    """Truncate a name at a word boundary."""
    return name if len(name) <= length else name[: max(length, 20)].rpartition("_")[0]


def _function(case: Case, name: str) -> str:
    lines = []
    parameters = case.fixture
    if case.values:
        plain = all(label == value for label, value in case.values)
        values = [
            literal(value) if plain else f"pytest.param({literal(value)}, id={label!r})"
            for label, value in case.values
        ]
        lines.append(f'@pytest.mark.parametrize("value", [{", ".join(values)}])')
        parameters += f", value: {_type([value for _, value in case.values])}"
    lines.append(f"def {name}({parameters}) -> None:")
    lines += docstring(case.criterion.text)
    body = _without_unused(case.body)
    lines += [f"    {each}" if each else "" for each in body[1 if body[:1] == [""] else 0 :]]
    return "\n".join(lines)


def _without_unused(lines: tuple[str, ...]) -> list[str]:
    """Return the lines, without the assignment where a created resource is not used afterwards."""
    used = used_names("\n".join(lines))
    made = re.compile(r"( *)(\w+) = (make_.*)")
    found = ((made.match(line), line) for line in lines)
    return [match[1] + match[3] if match and match[2] not in used else line for match, line in found]


def _type(values: Iterable[object]) -> str:
    """Return a type annotation that fits all of the values."""
    kinds = {type(value).__name__ for value in values}
    return kinds.pop() if len(kinds) == 1 and kinds <= {"str", "int", "bool"} else "object"


def _escaped(text: str) -> str:
    """Escape a text for use in a triple-quoted string."""
    kept = "".join(c if c.isprintable() and c != "\\" else ascii(c)[1:-1] for c in text)
    return kept.replace('"', '\\"') if kept.endswith('"') or '""' in kept else kept


def _breadth(text: str) -> int:
    """Return the length of the longest escape sequence that the text needs, or 1 if none exceeds two characters."""
    escaped = max((len(_escaped(c)) for c in set(text)), default=1)
    return escaped if escaped > 2 else 1
