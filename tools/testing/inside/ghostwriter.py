"""Generate tests for functions with Hypothesis's ghostwriter, in a process that can import their code.

Usage: `python ghostwriter.py ORDER`, where ORDER is a JSON file with `roots` (folders to import from), `functions`
(pairs of module and name) and `out`, the file that receives `tests` (kind, functions, source) and `problems`.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Function = Callable[..., Any]
_KINDS = {
    "roundtrip": "round trip", "equivalent": "equivalence", "associative": "operator", "commutative": "operator",
    "identity": "operator", "distributive": "operator",
}  # fmt: skip


def main(path: str) -> None:
    """Generate the tests requested by a JSON file and write them to its `out`."""
    order = json.loads(Path(path).read_text())
    sys.path[:0] = order["roots"]
    problems: list[dict[str, str]] = []
    functions = dict(_imported(order["functions"], problems))
    tests = [*_together(list(functions.values())), *_alone(functions, problems)]
    Path(order["out"]).write_text(json.dumps({"tests": tests, "problems": problems}))


def _imported(named: list[list[str]], problems: list[dict[str, str]]) -> Iterator[tuple[str, Function]]:
    for module, name in named:
        label = f"{module}.{name}"
        try:
            found = getattr(importlib.import_module(module), name)
        except BaseException as error:  # noqa: BLE001  importing runs untrusted code
            problems.append({"function": label, "why": f"its module cannot be imported: {_said(error)}"})
            continue
        if callable(found):
            yield label, found


def _together(functions: list[Function]) -> list[dict[str, Any]]:
    """Return tests of relations between functions: round trips, equivalences and operator properties."""
    from hypothesis.extra import ghostwriter  # noqa: PLC0415  installed only in the environment of the code

    groups: dict[str, list[Function]] = {}
    for each in functions:
        groups.setdefault(each.__module__, []).append(each)
    for tried in ([functions], list(groups.values())):
        found: list[dict[str, Any]] = []
        for group in tried:
            try:
                found += _split(ghostwriter.magic(*group)) if group else []
            except Exception:  # noqa: BLE001, S112  one unusual function makes the whole group fail
                continue
        if found:
            return [each for each in found if each["kind"] != "fuzz"]
    return []


def _alone(functions: dict[str, Function], problems: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """Yield fuzz tests of single functions, with a check of the result's type where the type hints allow one."""
    from hypothesis.extra import ghostwriter  # noqa: PLC0415  as above

    for label, function in functions.items():
        try:
            tests = _split(ghostwriter.fuzz(function))
        except Exception as error:  # noqa: BLE001  as above
            problems.append({"function": label, "why": f"the ghostwriter cannot test it: {_said(error)}"})
            continue
        for test in tests:
            if "nothing()" in test["source"]:
                why = "its type hints are not specific enough to generate arguments"
                problems.append({"function": label, "why": why})
                continue
            yield {**test, **_typed(test["source"], function), "functions": [label]}


def _split(source: str) -> list[dict[str, Any]]:
    """Split a module of tests into one module per test, with its kind and the functions it calls."""
    tree = ast.parse(source)
    tests = [each for each in tree.body if isinstance(each, ast.FunctionDef)]
    shared = [each for each in tree.body if not isinstance(each, ast.FunctionDef)]
    found = []
    for each in tests:
        used = {node.id for node in ast.walk(each) if isinstance(node, ast.Name)}
        body = [one for one in shared if not isinstance(one, ast.Assign) or _target(one) in used]
        calls = (ast.unparse(node.func) for node in ast.walk(each) if isinstance(node, ast.Call))
        word = each.name.split("_")[1]
        found.append(
            {
                "kind": _KINDS.get(word, "fuzz"),
                "functions": list(dict.fromkeys(name for name in calls if name in _modules(body, name))),
                "source": ast.unparse(ast.Module(body=[*body, each], type_ignores=[])),
            }
        )
    return found


def _modules(body: list[ast.stmt], name: str) -> list[str]:
    imported = [alias.name for one in body if isinstance(one, ast.Import) for alias in one.names]
    return [name] if any(name.startswith(f"{each}.") for each in imported) else []


def _target(node: ast.Assign) -> str:
    return node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""


def _typed(source: str, function: Function) -> dict[str, str]:
    """Return the kind and source of a test that also checks the result's type; {} if that cannot be checked."""
    try:
        hint = typing.get_type_hints(function).get("return", typing.Any)
    except Exception:  # noqa: BLE001  a hint may refer to an undefined name
        return {}
    classes = _classes(hint)
    if not classes:
        return {}
    tree = ast.parse(source)
    test = next(each for each in tree.body if isinstance(each, ast.FunctionDef))
    if not _assign(test):
        return {}
    inner = classes[0] if len(classes) == 1 else f"({', '.join(classes)})"
    said = (
        "assert result is None"
        if inner == "None"
        else f"assert isinstance(result, {inner.replace('None', 'type(None)')})"
    )
    test.body.append(ast.parse(said).body[0])
    test.name = test.name.replace("test_fuzz_", "test_type_", 1)
    modules = sorted({each.rpartition(".")[0] for each in classes} - {""})
    tree.body[:0] = [ast.parse(f"import {each}").body[0] for each in modules]
    return {"kind": "type", "source": ast.unparse(ast.fix_missing_locations(tree))}


def _assign(test: ast.FunctionDef) -> bool:
    """Assign the result of the tested call to `result`; return whether that was possible."""
    last = test.body[-1]
    holder = last.body if isinstance(last, ast.Try) else test.body
    if not isinstance(holder[-1], ast.Expr):
        return False
    holder[-1] = ast.Assign(targets=[ast.Name(id="result", ctx=ast.Store())], value=holder[-1].value)
    return True


def _classes(hint: Any) -> list[str]:
    """Return the names of the classes in a type hint; [] if isinstance cannot check it."""
    if hint is None or hint is type(None):
        return ["None"]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        parts = [_classes(each) for each in typing.get_args(hint)]
        return list(dict.fromkeys(each for part in parts for each in part)) if all(parts) else []
    plain = typing.get_origin(hint) or hint
    if not isinstance(plain, type) or getattr(plain, "_is_protocol", False) or typing.is_typeddict(plain):
        return []
    if plain in (object, bool) or "<" in plain.__qualname__:
        return ["bool"] if plain is bool else []
    if plain is float:
        return ["float", "int"]
    name = plain.__qualname__
    return [name if plain.__module__ == "builtins" else f"{plain.__module__}.{name}"]


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]


if __name__ == "__main__":
    main(sys.argv[1])
