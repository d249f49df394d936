"""Read which tests a repository's configuration selects, and compare two versions of it."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterable

from pydantic import JsonValue

from tools.python_source import last_name, parse_python
from tools.test_integrity.normal_form import Function
from tools.testing.test_command import ini_of, makefiles, pytest_options, selects_tests, toml_of, within
from tools.workspace.documents import InvalidDocument, parse_json

Reader = Callable[[str], str | None]
"""Maps a path to its text in a tree, or None."""

_SETTINGS = ("addopts", "testpaths", "python_files", "python_classes", "python_functions", "norecursedirs")
"""pytest settings that affect which tests run."""
SOURCES = frozenset({
    "pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg",
    "package.json", *makefiles(),
})  # fmt: skip
"""Files in the root of a repository that can affect which tests run."""
_HOOKS = frozenset({
    "collect_ignore", "collect_ignore_glob", "pytest_plugins", "pytest_ignore_collect", "pytest_collect_file",
    "pytest_collection", "pytest_collection_modifyitems", "pytest_itemcollected", "pytest_pycollect_makemodule",
    "pytest_pycollect_makeitem", "pytest_runtest_protocol", "pytest_runtest_call", "pytest_pyfunc_call",
    "pytest_runtest_makereport", "pytest_sessionfinish", "pytest_cmdline_main", "pytest_runtestloop",
    "skip", "skipif", "xfail", "exit",
})  # fmt: skip
"""Names with which a conftest.py can deselect, skip or ignore tests."""


def selection_settings(read: Reader) -> dict[str, str]:
    """Return the settings that select a tree's tests, keyed by a description of each setting."""
    found = {f"pytest's {name}": text for name, text in _pytest(read).items() if text}
    for name in makefiles():
        if recipe := re.search(r"^test\s*:(?!=).*(\n[\t ].*|\n(?=\n))*", read(name) or "", re.MULTILINE):
            found[f"the test target of {name}"] = recipe[0].strip()
    script = within(_json(read("package.json")), "scripts", "test")
    if isinstance(script, str):
        found["the test script of package.json"] = script
    commands = ini_of(read("tox.ini") or "").get("testenv", "commands", fallback="")
    if commands:
        found["the commands of tox.ini"] = commands
    return found


def selection_changes(now: dict[str, str], before: Iterable[dict[str, str]]) -> list[str]:
    """Return one sentence per setting that differs from its value in every one of the earlier trees."""
    known = list(before)
    names = sorted({*now, *(name for each in known for name in each)})
    return [
        f"Test selection changes: {name} becomes {now.get(name, '')[:200]!r}."
        for name in names
        if known and all(each.get(name, "") != now.get(name, "") for each in known)
    ]


def deselecting_hooks(text: str | None) -> frozenset[tuple[str, str]]:
    """Return the names in a conftest.py that can deselect tests, each with the statement that uses it.

    There are none if the file does not parse.
    """
    tree = parse_python(text or "")
    try:
        return frozenset(
            (name, ast.unparse(statement))
            for statement in (tree.body if tree else ())
            for node in ast.walk(statement)
            if (name := node.name if isinstance(node, Function) else last_name(node)) in _HOOKS
        )
    except (ValueError, RecursionError):  # not everything that parses can be unparsed
        return frozenset()


def _pytest(read: Reader) -> dict[str, str]:
    """Return the settings of the configuration file that pytest uses, the first one that has a section for it."""
    for name in ("pytest.toml", ".pytest.toml"):
        if (text := read(name)) is not None:
            return _of_toml(within(toml_of(text), "pytest"))
    for name in ("pytest.ini", ".pytest.ini"):
        if (text := read(name)) is not None:
            return _of_ini(text, "pytest")
    document = within(toml_of(read("pyproject.toml") or ""), "tool", "pytest")
    if isinstance(document, dict):
        return _of_toml(document.get("ini_options", document))
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        if found := _of_ini(read(name) or "", section):
            return found
    return {}


def _of_toml(options: JsonValue) -> dict[str, str]:
    return {name: _chosen(name, _words(within(options, name))) for name in _SETTINGS}


def _of_ini(text: str, section: str) -> dict[str, str]:
    options = pytest_options(text, section) or {}
    return {
        name: _chosen(name, _words(options.get(name, ""))) for name in (*_SETTINGS, "settings") if options
    }


def _words(value: JsonValue) -> list[str]:
    if isinstance(value, list):
        return [str(each) for each in value]
    try:
        return shlex.split(str(value or ""))
    except ValueError:
        return str(value).split()


def _chosen(name: str, words: list[str]) -> str:
    return " ".join(each for each in words if name != "addopts" or selects_tests(each))


def _json(text: str | None) -> JsonValue:
    try:
        return parse_json(text or "{}")
    except InvalidDocument:
        return {}
