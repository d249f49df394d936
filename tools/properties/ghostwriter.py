"""Tests derived from type hints, using Hypothesis' ghostwriter, and from the examples in docstrings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from tools.environments.install import Environment
from tools.properties.candidates import Candidate, split_tests
from tools.properties.functions import PublicFunction
from tools.sandbox import Job, Limits, Sandbox
from tools.testing.sandbox_runner import INSIDE

_LARGEST = 10_000_000
_LIMITS = Limits(wall_seconds=120, memory_mb=2048, processes=64)
_DOCSTRING = """\
import doctest
import {module}

def test_docstring_{name}() -> None:
    (examples,) = doctest.DocTestFinder(recurse=False).find({module}.{name}, "{name}", globs=dict(vars({module})))
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(examples, out=said.append)
    assert not runner.failures, "".join(said)
"""


class Problem(BaseModel, frozen=True):
    """A function for which no test could be written."""

    function: str
    why: str


class _Test(BaseModel, frozen=True, extra="forbid"):
    kind: str
    functions: tuple[str, ...]
    source: str


class _Said(BaseModel, frozen=True, extra="forbid"):
    tests: tuple[_Test, ...]
    problems: tuple[Problem, ...]


class Order(BaseModel, frozen=True):
    """Instructions for the ghostwriter that runs in the sandbox."""

    roots: tuple[Path, ...]
    functions: tuple[tuple[str, str], ...]
    out: Path


def ghostwrite_tests(
    sandbox: Sandbox,
    environment: Environment,
    folder: Path,
    roots: Sequence[Path],
    scratch: Path,
    found: Sequence[PublicFunction],
) -> tuple[list[Candidate], list[Problem]]:
    """Run the ghostwriter in the sandbox; return its tests, and the functions for which it could not write any."""
    asked = [each for each in found if each.hints]
    out = scratch / "ghosts"
    out.mkdir(parents=True, exist_ok=True)
    told, said = out / "order.json", out / "said.json"
    said.unlink(missing_ok=True)
    functions = tuple((each.module, each.name) for each in asked)
    told.write_text(Order(roots=tuple(roots), functions=functions, out=said).model_dump_json())
    done = sandbox.run(
        Job(
            argv=(str(environment.python), "-s", "-P", "-B", str(INSIDE / "ghostwriter.py"), str(told)),
            folder=out,
            readable=(environment.folder, folder, INSIDE, told),
            writable=(out,),
            environment={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
            limits=_LIMITS,
        )
    )
    try:
        plain = not said.is_symlink() and said.stat().st_size <= _LARGEST
        read = _Said.model_validate_json(said.read_bytes() if plain else b"")
    except (OSError, ValueError, ValidationError):
        last = (done.stderr.strip().splitlines() or [done.ending])[-1][:300]
        return [], [
            Problem(function=each.label, why=f"the ghostwriter ended early: {last}") for each in asked
        ]
    tests = [one for each in read.tests for one in split_tests(each.source, each.kind, each.functions)]
    return tests, list(read.problems)


def docstring_tests(found: Sequence[PublicFunction]) -> list[Candidate]:
    """Return a test for each function whose docstring contains examples."""
    return [
        Candidate(
            kind="docstring",
            functions=(each.label,),
            name=f"test_docstring_{each.name}",
            source=_DOCSTRING.format(module=each.module, name=each.name),
        )
        for each in found
        if each.examples and re.fullmatch(r"[A-Za-z_][\w.]*", each.label, re.ASCII)
    ]
