"""Generation, evaluation and selection of property tests for a repository."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import resources
from pathlib import Path

from pydantic import BaseModel

from tools.environments.install import Environment, install, resolve
from tools.errors import RequirementRefused
from tools.projects.requirements import FolderFiles, wanted
from tools.properties.candidates import Candidate, assemble_module, with_unique_names
from tools.properties.functions import PublicFunction, find_functions
from tools.properties.ghostwriter import Problem, docstring_tests, ghostwrite_tests
from tools.sandbox import Limits, Sandbox
from tools.testing import run_tests
from tools.testing.mutation.generated_source import parse_source, violations
from tools.testing.mutation.test_strength import Strength, StrengthReport, measure_strength
from tools.testing.results import strip_volatile
from tools.testing.sandbox_environment import import_roots, uninstalled_project
from tools.testing.sandbox_runner import SandboxRunner
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


class PropertyTest(BaseModel, frozen=True):
    """The result of evaluating a test, or the reason why none could be written for a function."""

    module: str
    functions: tuple[str, ...]
    kind: str
    """Kind of test, as in `Candidate`; "" if no test could be written."""
    test: str
    """Name of the test function; "" if no test could be written."""
    kept: bool
    why: str
    """The code change that the test detects, or why the test was not kept or written."""


class ModuleTests(BaseModel, frozen=True):
    """The property tests that were generated for a module."""

    module: str
    properties: tuple[PropertyTest, ...]
    source: str
    """Source of the test file with the tests that were kept; "" if none were."""


@dataclass(frozen=True)
class Candidates:
    """Candidate tests by module, and the functions of each module for which none could be written."""

    tests: dict[str, list[Candidate]] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)


@dataclass
class PropertyTestGenerator:
    """Generates property tests, using a copy of a repository's files and an environment with its dependencies."""

    sandbox: Sandbox
    repository: Path
    scratch: Path
    """Folder for temporary files, which the caller removes."""
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
    def functions(self) -> list[PublicFunction]:
        """The public functions of the repository that can be tested."""
        return find_functions(self.folder)

    @cached_property
    def environment(self) -> Environment:
        """Environment with the repository's requirements and the testing tools; raises EnvironmentFailed."""
        asked = wanted(FolderFiles(self.folder), _ASKED)
        if asked.problems:
            raise RequirementRefused(" ".join(asked.problems[:3]))
        pins = resolve(self.sandbox, asked.lines, self.cache, self.scratch, constraints=asked.constraints)
        return install(self.sandbox, pins, self.cache)

    def candidates(self) -> Candidates:
        """Return the candidate tests from the ghostwriter and from docstring examples."""
        places = [each.resolve() for each in import_roots(self.folder)]
        tests, problems = ghostwrite_tests(
            self.sandbox, self.environment, self.folder, places, self.scratch, self.functions
        )
        found = Candidates()
        for each in [*tests, *docstring_tests(self.functions)]:
            if (module := self._module(each.functions)) and not self.violations(each.source):
                found.tests.setdefault(module, []).append(each)
        for problem in problems:
            found.problems.setdefault(problem.function.rpartition(".")[0], []).append(problem)
        return found

    def violations(self, source: str) -> list[str]:
        """Return the constructs in the source of a test that tests must not contain."""
        tree = parse_source(source)
        packages = {each.module.partition(".")[0] for each in self.functions} | {"hypothesis", "pytest"}
        return [tree] if isinstance(tree, str) else violations(tree, packages)

    def evaluate(
        self, module: str, candidates: Sequence[Candidate], problems: Sequence[Problem]
    ) -> ModuleTests:
        """Evaluate the candidates of a module; keep those that pass five times and detect a change to its code."""
        tests = with_unique_names(candidates)
        worth = self._strengths(module, tests) if tests else {}
        found = [self._result(module, each, worth.get(each.name)) for each in tests]
        kept = [each for each, said in zip(tests, found, strict=True) if said.kept]
        none = [
            PropertyTest(
                module=module, functions=(each.function,), kind="", test="", kept=False, why=each.why
            )
            for each in problems
        ]
        source = assemble_module(_docstring(module), kept) if kept else ""
        return ModuleTests(module=module, properties=(*found, *none), source=source)

    def _strengths(self, module: str, tests: Sequence[Candidate]) -> dict[str, Strength | str]:
        file = f"{_FOLDER}/{file_name(module)}"
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        found: dict[str, Strength | str] = {}
        left = list(tests)
        if self._cannot_run(path, file, left, _SCREEN):
            # A single test can break the run for all, so run each test once on its own.
            found = {
                each.name: why for each in tests if (why := self._cannot_run(path, file, [each], _ALONE))
            }
            left = [each for each in tests if each.name not in found]
        return found | (self._strength_by_halves(path, file, left) if left else {})

    def _strength_by_halves(
        self, path: Path, file: str, tests: Sequence[Candidate]
    ) -> dict[str, Strength | str]:
        """Measure tests together, or in halves if the joint run breaks, which can depend on the random seed."""
        path.write_text(assemble_module(_docstring(""), tests))
        report = self._strength(file, tests)
        if not report.problem:
            return {each.test.rpartition("::")[2]: each for each in report.tests}
        half = len(tests) // 2
        if not half:
            return {tests[0].name: _first(report.problem)}
        return self._strength_by_halves(path, file, tests[:half]) | self._strength_by_halves(
            path, file, tests[half:]
        )

    def _cannot_run(self, path: Path, file: str, tests: Sequence[Candidate], limits: Limits) -> str:
        """Return why the tests cannot be run together, such as one that never ends; "" if they can."""
        path.write_text(assemble_module(_docstring(""), tests))
        report = run_tests(self._runner(limits), [file], reruns=0)
        if report.problem:
            return _first(report.problem)
        ran = {each.id.partition("[")[0].rpartition("::")[2] for each in report.tests}
        broken = next((each.message for each in report.errored), "it was not run")
        return "" if {each.name for each in tests} <= ran else " ".join(broken.split())[:300]

    def _strength(self, file: str, tests: Sequence[Candidate]) -> StrengthReport:
        labels = {name for each in tests for name in each.functions}
        own = {each.file for each in self.functions if each.label in labels}
        lines = {name: [(1, (self.folder / name).read_bytes().count(b"\n") + 1)] for name in sorted(own)}
        seed = hashlib.sha256(
            b"\0".join((self.folder / each).read_bytes() for each in sorted(own))
        ).hexdigest()
        runner = replace(self._runner(_LIMITS), coverage=self._toolbox)
        return measure_strength(runner, [file], lines, seed)

    def _runner(self, limits: Limits) -> SandboxRunner:
        project = uninstalled_project(self.folder)
        return SandboxRunner(
            self.sandbox, self.environment, self.folder, self.scratch, limits, project=project
        )

    @cached_property
    def _toolbox(self) -> Environment:
        pins = resources.files("tools").joinpath("toolbox.txt").read_text()
        return install(self.sandbox, pins, self.cache)

    def _module(self, functions: Sequence[str]) -> str:
        known = {each.label: each.module for each in self.functions}
        return next((known[each] for each in functions if each in known), "")

    def _result(self, module: str, test: Candidate, worth: Strength | str | None) -> PropertyTest:
        kept = isinstance(worth, Strength) and worth.result == "kept"
        why = worth if isinstance(worth, str) else _why(test, worth)
        return PropertyTest(
            module=module, functions=test.functions, kind=test.kind, test=test.name, kept=kept, why=why
        )


def file_name(module: str) -> str:
    """Return the file name for the property tests of a module."""
    return f"test_{module.replace('.', '_')}_properties.py"


def _why(test: Candidate, worth: Strength | None) -> str:
    if worth is None:
        return "it was not run"
    if worth.result != "fails":
        return worth.why
    start = _GOES.get(
        test.kind, "it fails on the code as it is (a defect, or arguments that are not intended)"
    )
    said = strip_volatile(worth.why).replace("Failing test case: ", "with ").removeprefix("AssertionError: ")
    return f"{start}: {' '.join(re.sub(r'[*]{5,}|File .*? Failed example:', '', said).split())}"


def _first(text: str) -> str:
    return text.splitlines()[0][:300]


def _docstring(module: str) -> str:
    return f"Properties of {module}: each of these tests fails if the code it runs behaves differently."
