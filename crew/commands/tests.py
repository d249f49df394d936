"""`crew tests`: generate property tests for existing code, and keep those that detect faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from crew.app import cache_folder, open_sandbox
from crew.errors import BadInput
from crew.known_secrets import command_redactor
from crew.models.by_url import lone_role_model
from crew.models.drafting import Drafter
from crew.models.property_tests import NoTests, draft_tests
from crew.models.spending import spent_text
from crew.printable import say
from crew.settings.budget import Budget, parse_budget
from crew.settings.load import load_config
from tools.counting import counted
from tools.properties import Candidates, ModuleTests, PropertyTest, PropertyTestGenerator
from tools.properties.candidates import split_tests
from tools.properties.functions import functions_source
from tools.properties.generate import file_name
from tools.properties.ghostwriter import Problem
from tools.workspace.temporary import temporary_folder


@click.command("tests")
@click.argument("repository", metavar="REPO", type=click.Path(path_type=Path))
@click.option(
    "--model", metavar="URL", help="Model to ask for further tests, once per module.  [default: offline]"
)
@click.option("--budget", help="Limits for the model, such as tokens=20000,money=0.5,steps=4,minutes=10.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write the kept tests to this folder."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--sandbox", help="Sandbox to use.  [default: the strongest available]")
def tests(
    repository: Path,
    model: str | None,
    budget: str | None,
    out: Path | None,
    as_json: bool,
    sandbox: str | None,
) -> None:
    """Generate property tests for the Python code in REPO.

    Tests come from type hints and docstrings; those that fail on a mutant are kept. Nothing is written without --out.
    The code in REPO runs in the sandbox only.
    """
    if not repository.is_dir():
        raise BadInput(f"{repository} is not a folder. Pass the folder that contains the code.")
    drafter = _drafter(model, budget)
    with temporary_folder(prefix="crew-tests-") as scratch:
        generator = PropertyTestGenerator(open_sandbox(sandbox), repository, scratch, cache_folder())
        _require_functions(generator, repository, out)
        made = []
        for each in _judge_modules(generator, drafter):
            made.append(each)
            if not as_json:
                _show(each)
    if drafter is not None and drafter.spent.calls:
        say(f"Usage of {drafter.role_model.name}: {spent_text(drafter.spent)}.", err=True)
    written = _write(out, made) if out else []
    say(_json(made, written) if as_json else _ending(made, written, out))


def _drafter(model: str | None, budget: str | None) -> Drafter | None:
    bounds = parse_budget(budget) if budget else Budget()
    if model is None or model == "offline":
        return None
    return Drafter(lone_role_model(model, load_config(None, Path.cwd()), bounds), command_redactor(), bounds)


def _require_functions(generator: PropertyTestGenerator, repository: Path, out: Path | None) -> None:
    if not generator.functions:
        raise BadInput(
            f"No tests can be generated for {repository}: it has no public function with type hints on its parameters, "
            "and none with examples (>>>) in its docstring. Add type hints to the functions to test."
        )
    if out is None:
        return
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out} is a file. Pass a folder: --out FOLDER.")
    for module in dict.fromkeys(each.module for each in generator.functions):
        if (out / file_name(module)).exists():
            raise BadInput(f"{out / file_name(module)} already exists. Remove it, or choose another folder.")


def _judge_modules(generator: PropertyTestGenerator, drafter: Drafter | None) -> Iterator[ModuleTests]:
    say(
        f"Reading {counted(len(generator.functions), 'function')}, installing their dependencies...", err=True
    )
    candidates = generator.candidates()
    for module in dict.fromkeys(each.module for each in generator.functions):
        if drafter is not None:
            _ask(generator, drafter, module, candidates)
        candidate_tests, problems = candidates.tests.get(module, []), candidates.problems.get(module, [])
        say(f"{module}: {counted(len(candidate_tests), 'test')} to run...", err=True)
        yield generator.evaluate(module, candidate_tests, problems)


def _ask(generator: PropertyTestGenerator, drafter: Drafter, module: str, candidates: Candidates) -> None:
    """Add the tests that a model writes for a module; a model without usable tests is reported as a problem."""
    own = [each for each in generator.functions if each.module == module]
    source = functions_source(generator.folder, own[0].file, [each.name for each in own])
    try:
        content = draft_tests(drafter, module, source, generator.violations)
    except NoTests as error:
        candidates.problems.setdefault(module, []).append(Problem(function=module, why=str(error)))
        return
    labels = [each.label for each in own]
    candidates.tests.setdefault(module, []).extend(split_tests(content, "model", labels))


def _show(made: ModuleTests) -> None:
    say(f"\n{made.module}")
    for each in made.properties:
        say(f"  {'kept' if each.kept else 'dropped':<8} {_label(each)}: {each.why}")


def _label(each: PropertyTest) -> str:
    return f"{each.test} ({each.kind})" if each.test else ", ".join(each.functions)


def _write(out: Path, made: list[ModuleTests]) -> list[Path]:
    written = []
    try:
        for each in made:
            if each.source:
                out.mkdir(parents=True, exist_ok=True)
                path = out / file_name(each.module)
                path.write_text(each.source)
                written.append(path)
    except OSError as error:
        raise BadInput(
            f"{out} cannot be written to: {error.strerror}. Name another folder: --out FOLDER."
        ) from error
    return written


def _ending(made: list[ModuleTests], written: list[Path], out: Path | None) -> str:
    kept = sum(each.kept for one in made for each in one.properties)
    tried = sum(bool(each.test) for one in made for each in one.properties)
    summary = (
        f"\nKept {kept} of {counted(tried, 'test')}: a kept test passes five times and fails on a mutant."
    )
    if written:
        return f"{summary} Written to {', '.join(map(str, written))}."
    if kept and out is None:
        return f"{summary} Nothing was written; pass --out FOLDER to write them."
    return summary


def _json(made: list[ModuleTests], written: list[Path]) -> str:
    properties = [each.model_dump(mode="json") for one in made for each in one.properties]
    return json.dumps({"properties": properties, "files": [str(each) for each in written]}, indent=2)
