"""Find the command that runs a repository's own tests. Files are only read, never executed."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, JsonValue

from tools.python_source import parse_python
from tools.workspace.documents import InvalidDocument, parse_json, parse_toml

Kind = Literal["given", "pytest", "tox", "nox", "make", "npm", "go"]
_LARGEST = 1_000_000
"""Maximum size in bytes of a file that is read."""
_PLAIN = re.compile(
    r"-[vqx]+|-r[a-zA-Z]*|-l|--verbose|--quiet|--exitfirst|--showlocals|--strict(-\w+)*|--no-header|--no-cov"
    r"|--(cov|tb|color|durations|maxfail|cov-\w+(-\w+)*|junitxml|junit-xml|capture|log-\w+(-\w+)*)(=.*)?"
)
"""Options that affect neither which tests run nor how; Shipcrew's own runner omits them."""
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")


class TestCommand(BaseModel, frozen=True):
    """The command that runs a repository's tests."""

    __test__ = False

    kind: Kind
    """Origin of the command. tox and nox would install packages, so the pytest command in them is run instead."""
    argv: tuple[str, ...]
    why: str
    """The file that the command was found in, and the alternatives to it, in one sentence."""

    @property
    def selection(self) -> tuple[str, ...] | None:
        """The tests that a plain pytest command selects, () if it runs all; None for any other command."""
        arguments = _pytest_arguments(self.argv)
        if arguments is None:
            return None
        names = tuple(each for each in arguments if not _PLAIN.fullmatch(each))
        return None if any(each.startswith("-") for each in names) else names

    def needs_pytest(self, folder: Path) -> bool:
        """Return whether the command needs pytest to be installed, as far as the repository's files show."""
        makefile = "".join(text_of(folder, name) for name in _MAKEFILES) if self.kind == "make" else ""
        return any("pytest" in text for text in (*self.argv, makefile))


def find_test_command(folder: Path, given: str = "") -> TestCommand | None:
    """Return the given command, or else the first one found in the repository's files; None if there is none."""
    if given.strip():
        try:
            return TestCommand(kind="given", argv=tuple(shlex.split(given)), why="It was given.")
        except ValueError:
            return None
    finders: tuple[tuple[Kind, Callable[[Path], tuple[tuple[str, ...], str] | None]], ...] = (
        ("pytest", _pytest),
        ("tox", _tox),
        ("nox", _nox),
        ("make", _make),
        ("npm", _npm),
        ("go", _go),
    )
    found = [(kind, command) for kind, find in finders if (command := find(folder))]
    if not found:
        return None
    (kind, (argv, why)), *others = found
    said = f"{why} says so"
    also = ", ".join(f"{name} ({place})" for name, (_, place) in others)
    said += f"; there was also {also}." if also else "."
    return TestCommand(kind=kind, argv=argv, why=said)


def is_test(path: str) -> bool:
    """Return whether a path is that of a test file or of a file that supports tests."""
    *folders, name = path.split("/")
    return (
        any(each in ("tests", "test", "testing", "__tests__", "spec") for each in folders)
        or name == "conftest.py"
        or bool(re.fullmatch(r"test_.*\.py|.*_test\.(py|go)|.*\.(test|spec)\.[cm]?[jt]sx?", name))
    )


def selects_tests(option: str) -> bool:
    """Return whether a pytest argument, such as an option or the name of a test, may affect which tests run or how."""
    return _PLAIN.fullmatch(option) is None


def makefiles() -> tuple[str, ...]:
    """Return the names of makefiles, in the order in which make looks for them."""
    return _MAKEFILES


def text_of(folder: Path, name: str) -> str:
    """Return a file's text; "" if the file is missing, a link or very large."""
    path = folder / name
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
        return ""
    return path.read_bytes().decode("utf-8", "replace")


def toml_of(text: str) -> dict[str, JsonValue]:
    """Parse a TOML document; return {} if the text is invalid."""
    try:
        return parse_toml(text)
    except InvalidDocument:
        return {}


def ini_of(text: str) -> configparser.ConfigParser:
    """Parse an INI file; return an empty parser if the text is invalid."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return configparser.ConfigParser(interpolation=None)
    return parser


class _PytestParser(configparser.RawConfigParser):
    """Parses section headers and names as pytest's parser does, which allows comments after a header."""

    SECTCRE = re.compile(r"\[(?P<header>[^#;]*)\]\s*([#;].*)?$")
    optionxform = staticmethod(str)  # type: ignore[assignment]


def pytest_options(text: str, section: str) -> dict[str, str] | None:
    """Return the options in pytest's section of an INI file, or None if it has no such section.

    If the file cannot be parsed, its text is returned as the only option, since pytest may be able to.
    """
    parser = _PytestParser(strict=False, default_section="\0")
    lines = text.splitlines()
    try:
        parser.read_file(lines)
        unclear = any(line.startswith("[") and not parser.SECTCRE.match(line) for line in lines)
    except configparser.Error:
        unclear = True
    if unclear and f"[{section}]" in text:
        return {"settings": text.strip()}
    return dict(parser[section]) if parser.has_section(section) else None


def within(document: JsonValue, *names: str) -> JsonValue:
    """Return a nested member of a document, or None if it does not exist."""
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _pytest(folder: Path) -> tuple[tuple[str, ...], str] | None:
    sections = {
        "pytest.ini": "pytest",
        ".pytest.ini": "pytest",
        "setup.cfg": "tool:pytest",
        "tox.ini": "pytest",
    }
    for name, section in sections.items():
        if pytest_options(text_of(folder, name), section) is not None:
            return ("pytest",), name
    if within(toml_of(text_of(folder, "pyproject.toml")), "tool", "pytest") is not None:
        return ("pytest",), "pyproject.toml"
    for name in ("tests", "test"):
        place = folder / name
        if place.is_dir() and not place.is_symlink() and next(_python_tests(place, "**/"), None):
            return ("pytest",), f"{name}/"
    first = next(_python_tests(folder, ""), None)
    return (("pytest",), first.name) if first else None


def _python_tests(folder: Path, below: str) -> Iterator[Path]:
    for pattern in ("test_*.py", "*_test.py"):
        yield from sorted(folder.glob(f"{below}{pattern}"))


def _tox(folder: Path) -> tuple[tuple[str, ...], str] | None:
    document = toml_of(text_of(folder, "pyproject.toml"))
    legacy = within(document, "tool", "tox", "legacy_tox_ini")
    texts = {
        "tox.ini": text_of(folder, "tox.ini"),
        "pyproject.toml": legacy if isinstance(legacy, str) else "",
    }
    for name, text in texts.items():
        for line in ini_of(text).get("testenv", "commands", fallback="").splitlines():
            argv = _tox_words(line)
            if (arguments := _pytest_arguments(argv)) is not None:
                return ("pytest", *arguments), name
    for place in (("env_run_base",), ("env", "py"), ("env", "test")):
        commands = within(document, "tool", "tox", *place, "commands")
        for command in commands if isinstance(commands, list) else []:
            words = (
                tuple(each for each in command if isinstance(each, str)) if isinstance(command, list) else ()
            )
            if (arguments := _pytest_arguments(words)) is not None:
                return ("pytest", *arguments), "pyproject.toml"
    return None


def _tox_words(line: str) -> tuple[str, ...]:
    """Split a tox command into words, leaving out placeholders for arguments and the environment."""
    line = re.sub(r"^\s*[\w.,!{}-]+:\s+", "", line).strip().lstrip("-").strip()
    line = re.sub(r"\{posargs:([^{}]*)\}", r"\1", line).replace("{toxinidir}/", "")
    try:
        return tuple(each for each in shlex.split(line) if "{" not in each and "}" not in each)
    except ValueError:
        return ()


def _nox(folder: Path) -> tuple[tuple[str, ...], str] | None:
    tree = parse_python(text_of(folder, "noxfile.py"))
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "run":
            words = [each.value for each in node.args if isinstance(each, ast.Constant)]
            if _pytest_arguments(tuple(str(each) for each in words)) is not None:
                return ("pytest",), "noxfile.py"
    return None


def _make(folder: Path) -> tuple[tuple[str, ...], str] | None:
    for name in _MAKEFILES:
        if re.search(r"^test\s*:(?!=)", text_of(folder, name), re.MULTILINE):
            return ("make", "test"), name
    return None


def _npm(folder: Path) -> tuple[tuple[str, ...], str] | None:
    try:
        document = parse_json(text_of(folder, "package.json") or "{}")
    except InvalidDocument:
        return None
    script = within(document, "scripts", "test")
    if not isinstance(script, str) or "no test specified" in script:
        return None
    return ("npm", "test"), "package.json"


def _go(folder: Path) -> tuple[tuple[str, ...], str] | None:
    return (("go", "test", "./..."), "go.mod") if text_of(folder, "go.mod") else None


def _pytest_arguments(argv: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the arguments of a pytest command; None for any other command."""
    words = argv
    if words[:2] in (("coverage", "run"), ("uv", "run"), ("poetry", "run"), ("hatch", "run")):
        words = words[2:] if words[2:3] in (("pytest",), ("python",)) else ("python", *words[2:])
    if words[:1] and re.fullmatch(r"python[0-9.]*", words[0]) and words[1:3] == ("-m", "pytest"):
        return words[3:]
    return words[1:] if words[:1] in (("pytest",), ("py.test",)) else None
