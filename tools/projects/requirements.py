"""Requirements of an existing project, parsed from its files; nothing is executed."""

from __future__ import annotations

import ast
import posixpath
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from packaging.utils import canonicalize_name
from pydantic import BaseModel, JsonValue

from tools.environments.pinned import logical_lines, requirement_of, without_addresses
from tools.git import Repository
from tools.testing.test_command import ini_of, text_of, toml_of, within

GROUPS = ("test", "tests", "testing", "dev")
_FILES = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-test.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "test-requirements.txt",
)
_FOLDER = "requirements"
_DEEPEST = 5  # maximum nesting of requirement files that include one another


class Wanted(BaseModel, frozen=True):
    """Requirements as written in the files, sorted so that equal files give equal requirements."""

    lines: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """A sentence for each requirement that can be read only by running code or fetching a URL, with the fix."""


class Files(Protocol):
    """A source of requirement files: a workspace or a git tree."""

    def read(self, name: str) -> str:
        """Return the text of a file; "" if it does not exist."""

    def inside(self, folder: str) -> list[str]:
        """Return the paths of the files in a folder."""


@dataclass(frozen=True)
class FolderFiles:
    """The files in a workspace folder."""

    folder: Path

    def read(self, name: str) -> str:
        """Return the text of a file; "" if it is missing or reached through a link."""
        real = (self.folder / name).resolve()
        return text_of(self.folder, name) if real == self.folder.resolve() / name else ""

    def inside(self, folder: str) -> list[str]:
        """Return the paths of the files in a folder."""
        place = self.folder / folder
        return sorted(f"{folder}/{each.name}" for each in place.iterdir()) if place.is_dir() else []


@dataclass(frozen=True)
class TreeFiles:
    """The files in a commit or tree."""

    held: Repository
    tree: str

    def read(self, name: str) -> str:
        """Return the text of a file; "" if it does not exist."""
        return (self.held.show(self.tree, name) or b"").decode("utf-8", "replace")

    def inside(self, folder: str) -> list[str]:
        """Return the paths of the files in a folder."""
        paths = self.held.files(self.tree)
        return [each for each in paths if posixpath.dirname(each) == folder]


def wanted(files: Files, extra: Iterable[str] = ()) -> Wanted:
    """Return the requirements found in the files, together with those in `extra`."""
    reading = _Reading(files)
    document = toml_of(files.read("pyproject.toml"))
    own = within(document, "project", "name")
    reading.own = canonicalize_name(own) if isinstance(own, str) else ""
    for name in (*_FILES, *(each for each in files.inside(_FOLDER) if each.endswith(".txt"))):
        reading.file(name)
    reading.project(document)
    reading.setup_cfg(files.read("setup.cfg"))
    reading.setup_py(files.read("setup.py"))
    for line in extra:
        reading.line(line, "the test command")
    return Wanted(
        lines=tuple(sorted(reading.lines)),
        constraints=tuple(sorted(reading.constraints)),
        problems=tuple(reading.problems),
    )


def tox_lines(files: Files) -> list[str]:
    """Return the packages that tox installs for its tests, leaving out substitutions such as `{[base]deps}`."""
    lines = ini_of(files.read("tox.ini")).get("testenv", "deps", fallback="").splitlines()
    return [each.strip() for each in lines if each.strip() and "{" not in each]


@dataclass
class _Reading:
    """Collects requirements while the files are parsed."""

    files: Files
    lines: set[str] = field(default_factory=set)
    constraints: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    own: str = ""
    """Name of the project itself, which is imported from its folder rather than installed."""
    extras: set[str] = field(default_factory=set)
    """Extras of the project itself that its requirements name."""
    seen: set[str] = field(default_factory=set)

    def file(self, name: str, deep: int = 0, constraint: bool = False) -> None:
        """Read a requirement file and the files that it includes."""
        if name in self.seen or deep > _DEEPEST or name.startswith(("/", "..")):
            return
        self.seen.add(name)
        for _, line in logical_lines(self.files.read(name)):
            text = re.sub(r"\s--hash=\S+", "", line)
            include = re.fullmatch(r"(-r|--requirement|-c|--constraint)[ =]?\s*(\S+)", text)
            if include:
                path = posixpath.normpath(posixpath.join(posixpath.dirname(name), include[2]))
                self.file(path, deep + 1, constraint or "c" in include[1].lstrip("-")[:1])
            elif text.startswith(("-e", "--editable")):
                self._local(re.sub(r"^(-e|--editable)[ =]?\s*", "", text), name)
            elif not text.startswith("-"):
                self.line(text, name, constraint)

    def line(self, text: str, where: str, constraint: bool = False) -> None:
        """Add one requirement; anything other than a package from the index is reported as a problem."""
        if text.startswith(("-r ", "-c ")):
            self.file(posixpath.normpath(text[3:].strip()))
            return
        found = requirement_of(text)
        if found is None:
            self._local(text, where)
        elif found.url:
            self.problems.append(f"{where} requires {found.name} from a URL: name a release instead.")
        elif self.own and canonicalize_name(found.name) == self.own:
            self.extras |= {canonicalize_name(each) for each in found.extras}
        else:
            (self.constraints if constraint else self.lines).add(str(found))

    def project(self, document: dict[str, JsonValue]) -> None:
        """Add the requirements of a pyproject.toml, including its groups for tests."""
        project = within(document, "project")
        for text in _texts(within(project, "dependencies")):
            self.line(text, "pyproject.toml")
        dynamic = _texts(within(project, "dynamic"))
        computed = within(document, "tool", "setuptools", "dynamic")
        for name in _texts(_listed(within(computed, "dependencies", "file"))):
            self.file(posixpath.normpath(name))
        if "dependencies" in dynamic and within(computed, "dependencies") is None and not self.lines:
            self.problems.append(
                "pyproject.toml computes its dependencies, which would need its code to run: list "
                "them in [project] dependencies, or in a requirements.txt."
            )
        if within(document, "tool", "poetry", "dependencies") and not within(project, "dependencies"):
            self._poetry(document)
        for name in GROUPS:
            self._group(within(document, "dependency-groups"), name, 0)
        optional = within(project, "optional-dependencies")
        self._optional(optional if isinstance(optional, dict) else {})

    def _optional(self, optional: dict[str, JsonValue]) -> None:
        """Add the optional dependencies for tests, and those of the extras that the requirements so far name."""
        left = {canonicalize_name(name): said for name, said in optional.items()}
        while wanted_now := left.keys() & {*GROUPS, *self.extras}:
            for name in sorted(wanted_now):
                for text in _texts(left.pop(name)):
                    self.line(text, "pyproject.toml")

    def setup_cfg(self, text: str) -> None:
        """Add the requirements of a setup.cfg, including its extras for tests."""
        parser = ini_of(text)
        found = [parser.get("options", "install_requires", fallback="")]
        found += [parser.get("options.extras_require", name, fallback="") for name in GROUPS]
        for line in "\n".join(found).splitlines():
            if line.strip() and not line.strip().startswith("file:"):
                self.line(line.strip(), "setup.cfg")

    def setup_py(self, text: str) -> None:
        """Add the literal requirements in a setup.py; computed ones are a problem if no other file lists any."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                nodes = list(ast.walk(ast.parse(text)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        names = {
            target.id: node.value
            for node in nodes
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for keyword in (each for call in calls for each in call.keywords):
            if keyword.arg != "install_requires":
                continue
            said = keyword.value
            try:
                found = ast.literal_eval(names.get(said.id, said) if isinstance(said, ast.Name) else said)
            except (ValueError, TypeError, RecursionError, MemoryError):
                found = None
            for line in found if isinstance(found, list | tuple) else []:
                self.line(str(line), "setup.py")
            if found is None and not self.lines:
                self.problems.append(
                    "setup.py computes its dependencies, which would need it to run: list them in a "
                    "requirements.txt."
                )

    def _group(self, groups: JsonValue, name: str, deep: int) -> None:
        members = within(groups, name)
        for each in members if isinstance(members, list) and deep <= _DEEPEST else []:
            if isinstance(each, str):
                self.line(each, "pyproject.toml")
            elif isinstance(each, dict) and isinstance(each.get("include-group"), str):
                self._group(groups, str(each["include-group"]), deep + 1)

    def _poetry(self, document: dict[str, JsonValue]) -> None:
        tables = [within(document, "tool", "poetry", "dependencies")]
        tables += [within(document, "tool", "poetry", "group", name, "dependencies") for name in GROUPS]
        tables.append(within(document, "tool", "poetry", "dev-dependencies"))
        for table in tables:
            for name, said in table.items() if isinstance(table, dict) else []:
                version = said if isinstance(said, str) else within(said, "version")
                if canonicalize_name(name) == "python":
                    continue
                if not isinstance(version, str):
                    self.problems.append(
                        f"pyproject.toml requires {name} from a URL: name a release instead."
                    )
                    continue
                self.line(f"{name}{_poetry_versions(version)}", "pyproject.toml")

    def _local(self, text: str, where: str) -> None:
        """Accept a path to the project itself, which is imported from its folder; any other path is a problem."""
        path = re.sub(r"\[[\w ,.-]*\]$", "", text)
        if posixpath.normpath(path) == ".":
            named = text[len(path) :].strip("[]")
            self.extras |= {canonicalize_name(each.strip()) for each in named.split(",") if each.strip()}
        else:
            self.problems.append(
                f"{where} requires {without_addresses(text)!r}, which is not a release of a package: use name==version."
            )


def _poetry_versions(said: str) -> str:
    """Translate Poetry's operators: "^1.2" means at least 1.2 and below 2, "~1.2" at least 1.2 and below 1.3."""
    bounds = []
    for each in said.split(","):
        sign, version = re.match(r"\s*(\^|~(?!=))?\s*(.*)", each).groups()  # type: ignore[union-attr]
        parts = [int(number) for number in re.findall(r"\d+", version)] or [0]
        if sign is None:
            bounds.append(
                "" if version in ("*", "") else version if re.match(r"[<>=!~]", version) else f"=={version}"
            )
            continue
        place = (
            next((i for i, number in enumerate(parts) if number), len(parts) - 1)
            if sign == "^"
            else min(1, len(parts) - 1)
        )
        above = [*parts[:place], parts[place] + 1]
        bounds.append(f">={version},<{'.'.join(str(each) for each in above)}")
    return ",".join(each for each in bounds if each)


def _texts(value: JsonValue) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _listed(value: JsonValue) -> JsonValue:
    return [value] if isinstance(value, str) else value
