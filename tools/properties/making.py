"""Property tests for one repository, from its files to those tests that are worth keeping."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tools.environments.install import Environment, install, resolve
from tools.errors import RequirementRefused
from tools.projects.requirements import FolderFiles, wanted
from tools.properties.assembling import Candidate, assembled, named
from tools.properties.finding import Found, functions_of
from tools.properties.writing import Problem, docstring_tests, ghostwritten
from tools.sandbox import Limits, Sandbox
from tools.testing import run_tests
from tools.testing.mutation.generated_source import objections, parsed
from tools.testing.mutation.test_strength import Worth, WorthReport, prove
from tools.testing.orders import Bench
from tools.testing.results import steady
from tools.testing.sandbox_environment import project_of, roots
from tools.workspace.walk import files

_ASKED = ("pytest>=8", "hypothesis[ghostwriter]>=6.100")
_FOLDER = "crew_properties"
_LIMITS = Limits(wall_seconds=90, memory_mb=2048, processes=128)
_SCREEN = Limits(wall_seconds=40, memory_mb=2048, processes=128)
_ALONE = Limits(wall_seconds=10, memory_mb=2048, processes=128)
_GOES = {
    "docstring": "its example does not hold",
    "model": "it fails on the code as it is",
    "operator": "it does not hold",
    "round trip": "it does not hold",
    "equivalence": "it does not hold",
}


class Property(BaseModel):
    """What became of a test, or of a function that has none."""

    model_config = ConfigDict(frozen=True)

    module: str
    functions: tuple[str, ...]
    kind: str
    """As in Candidate; "" where no test could be written."""
    test: str
    """Name of the test function; "" likewise."""
    kept: bool
    why: str
    """The change that it notices, or why it was dropped."""


class Made(BaseModel):
    """What was made for a module."""

    model_config = ConfigDict(frozen=True)

    module: str
    properties: tuple[Property, ...]
    source: str
    """The test file with what is kept; "" if nothing is."""


@dataclass(frozen=True)
class Candidates:
    """The tests that may be kept, by module, and what there is none for."""

    tests: dict[str, list[Candidate]] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)


@dataclass
class Workshop:
    """A copy of a repository's files, and the environment that its code needs."""

    sandbox: Sandbox
    repository: Path
    scratch: Path
    """Folder of its own, which the caller removes."""
    cache: Path

    def __post_init__(self) -> None:
        self.folder = (self.scratch / "copy").resolve()
        origin = self.repository.resolve()
        for each in files(origin):
            target = self.folder / each.relative_to(origin)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(each, target)
        self.folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def functions(self) -> list[Found]:
        """The functions that can be tested."""
        return functions_of(self.folder)

    @cached_property
    def environment(self) -> Environment:
        """What the repository asks for, and what judging needs; raises EnvironmentFailed."""
        asked = wanted(FolderFiles(self.folder), _ASKED)
        if asked.problems:
            raise RequirementRefused(" ".join(asked.problems[:3]))
        lines, constraints = (
            "".join(f"{each}\n" for each in one) for one in (asked.lines, asked.constraints)
        )
        pins = resolve(self.sandbox, lines, self.cache, self.scratch, constraints=constraints)
        return install(self.sandbox, pins, self.cache)

    def candidates(self) -> Candidates:
        """Return what the ghostwriter and the docstrings give."""
        places = [each.resolve() for each in roots(self.folder)]
        tests, problems = ghostwritten(
            self.sandbox, self.environment, self.folder, places, self.scratch, self.functions
        )
        found = Candidates()
        for each in [*tests, *docstring_tests(self.functions)]:
            if (module := self._module(each.functions)) and not self.objections(each.source):
                found.tests.setdefault(module, []).append(each)
        for problem in problems:
            found.problems.setdefault(problem.function.rpartition(".")[0], []).append(problem)
        return found

    def objections(self, source: str) -> list[str]:
        """Return what may not stand in a test."""
        tree = parsed(source)
        packages = {each.module.partition(".")[0] for each in self.functions} | {"hypothesis", "pytest"}
        return [tree] if isinstance(tree, str) else objections(tree, packages)

    def judged(self, module: str, candidates: Sequence[Candidate], problems: Sequence[Problem]) -> Made:
        """Return the tests of a module that pass five times and notice a change of its code."""
        tests = named(candidates)
        worth = self._worth(module, tests) if tests else {}
        found = [self._property(module, each, worth.get(each.name)) for each in tests]
        kept = [each for each, said in zip(tests, found, strict=True) if said.kept]
        none = [
            Property(module=module, functions=(each.function,), kind="", test="", kept=False, why=each.why)
            for each in problems
        ]
        source = assembled(_docstring(module), kept) if kept else ""
        return Made(module=module, properties=(*found, *none), source=source)

    def _worth(self, module: str, tests: Sequence[Candidate]) -> dict[str, Worth | str]:
        file = f"{_FOLDER}/{test_file(module)}"
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        found: dict[str, Worth | str] = {}
        left = list(tests)
        if self._spoilt(path, file, left, _SCREEN):
            # One of them spoils the run of all: each is asked alone, once.
            found = {each.name: why for each in tests if (why := self._spoilt(path, file, [each], _ALONE))}
            left = [each for each in tests if each.name not in found]
        return found | (self._proved(path, file, left) if left else {})

    def _proved(self, path: Path, file: str, tests: Sequence[Candidate]) -> dict[str, Worth | str]:
        """Judge tests together; where that breaks, which another seed may bring about, in halves."""
        path.write_text(assembled(_docstring(""), tests))
        report = self._proof(file, tests)
        if not report.problem:
            return {each.test.rpartition("::")[2]: each for each in report.tests}
        half = len(tests) // 2
        if not half:
            return {tests[0].name: _first(report.problem)}
        return self._proved(path, file, tests[:half]) | self._proved(path, file, tests[half:])

    def _spoilt(self, path: Path, file: str, tests: Sequence[Candidate], limits: Limits) -> str:
        """Return why tests cannot be judged together, such as one that does not end; "" if they can."""
        path.write_text(assembled(_docstring(""), tests))
        report = run_tests(
            self.sandbox, self.environment, self.folder, self.scratch, [file], reruns=0, limits=limits,
            project=project_of(self.folder),
        )  # fmt: skip
        if report.problem:
            return _first(report.problem)
        ran = {each.id.partition("[")[0].rpartition("::")[2] for each in report.tests}
        broken = next((each.message for each in report.errored), "it was not run")
        return "" if {each.name for each in tests} <= ran else " ".join(broken.split())[:300]

    def _proof(self, file: str, tests: Sequence[Candidate]) -> WorthReport:
        labels = {name for each in tests for name in each.functions}
        own = {each.file for each in self.functions if each.label in labels}
        lines = {name: [(1, (self.folder / name).read_bytes().count(b"\n") + 1)] for name in sorted(own)}
        seed = hashlib.sha256(
            b"\0".join((self.folder / each).read_bytes() for each in sorted(own))
        ).hexdigest()
        bench = Bench(
            sandbox=self.sandbox,
            environment=self.environment,
            coverage=self._toolbox,
            workspace=self.folder,
            scratch=self.scratch,
            limits=_LIMITS,
            project=project_of(self.folder),
        )
        return prove(bench, [file], lines, seed)

    @cached_property
    def _toolbox(self) -> Environment:
        pins = resources.files("tools").joinpath("toolbox.txt").read_text()
        return install(self.sandbox, pins, self.cache)

    def _module(self, functions: Sequence[str]) -> str:
        known = {each.label: each.module for each in self.functions}
        return next((known[each] for each in functions if each in known), "")

    def _property(self, module: str, test: Candidate, worth: Worth | str | None) -> Property:
        kept = isinstance(worth, Worth) and worth.result == "kept"
        why = worth if isinstance(worth, str) else _why(test, worth)
        return Property(
            module=module, functions=test.functions, kind=test.kind, test=test.name, kept=kept, why=why
        )


def test_file(module: str) -> str:
    """Return the name of a module's test file."""
    return f"test_{module.replace('.', '_')}_properties.py"


def _why(test: Candidate, worth: Worth | None) -> str:
    if worth is None:
        return "it was not run"
    if worth.result != "fails":
        return worth.why
    start = _GOES.get(test.kind, "it fails on the code as it is (a fault, or arguments that are not meant)")
    said = steady(worth.why).replace("Failing test case: ", "with ").removeprefix("AssertionError: ")
    return f"{start}: {' '.join(re.sub(r'[*]{5,}|File .*? Failed example:', '', said).split())}"


def _first(text: str) -> str:
    return text.splitlines()[0][:300]


def _docstring(module: str) -> str:
    return f"Properties of {module}: each of these tests fails if the code it runs says something else."
