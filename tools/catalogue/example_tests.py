"""Tools for example tests, which are written before the code and kept only if they prove something about it."""

from __future__ import annotations

from pydantic import BaseModel, Field, JsonValue

from tools.catalogue.policy_facts import BRANCH, secrets_in
from tools.catalogue.repository import Commit, commit, published_message
from tools.catalogue.test_context import TestContext, test_context_of
from tools.counting import counted
from tools.git import checkout
from tools.projects.dependencies import tests_environment, toolbox
from tools.projects.example_files import SERVICE_FOLDER
from tools.projects.kind import is_existing_project
from tools.projects.trees import branch_of, checked_out, repository, text_on_main, written_lines
from tools.result import Tool, ToolResult, Workbench, failure, success
from tools.testing.mutation.generated_source import (
    LONGEST,
    group_by_criterion,
    name_prefix,
    parse_source,
    remove_functions,
    tests_in,
    violations,
)
from tools.testing.mutation.test_strength import Strength, StrengthReport, measure_strength
from tools.testing.results import LIMITS, not_installed, scratch_folder, strip_volatile
from tools.testing.sandbox_environment import uninstalled_project
from tools.testing.sandbox_runner import SandboxRunner
from tools.workspace.atomic_write import write_atomically

SUBJECT = "Add example tests"
_NOTE = "worth"
_MOST_NAMED = 8
_LIMITS = LIMITS.model_copy(update={"wall_seconds": 90})
"""Stricter limits than usual, since slow example tests would delay every later run."""
_Ranges = dict[str, list[tuple[int, int]]]


class WriteExamples(BaseModel, extra="forbid"):
    """Write the file of example tests, replacing any previous one."""

    content: str = Field(max_length=LONGEST, description="One Python file.")


class KeepExamples(BaseModel, extra="forbid"):
    """Judge the example tests against the code: keep those that prove something, drop the others."""

    commit: str = Field(description="Commit whose tree they are run on.")


def write_examples(bench: Workbench, arguments: WriteExamples) -> ToolResult:
    """Commit the tests to the story's branch, and return which of them check which criterion."""
    test_context, held = test_context_of(bench), repository(bench)
    if test_context is None:
        return failure("not_asked", "No example tests are wanted in this delivery.")
    tip = held.message(held.required(branch_of(bench)))
    if f"Delivery: {bench.delivery}" in tip.splitlines() and not tip.startswith(SUBJECT):
        said = "The code has already been written; example tests must come before it, or they would only repeat it."
        return failure("too_late", said)
    tests, wrong = _read(test_context, arguments.content)
    if wrong:
        return failure("not_accepted", " ".join(["Nothing was written.", *wrong[:_MOST_NAMED]]))
    _write_test_file(bench, test_context.file, _format(bench, arguments.content))
    count, criteria = sum(map(len, tests.values())), ", ".join(test_context.criteria)
    made = commit(bench, Commit(message=f"{SUBJECT} of {criteria}, before the code"[:200]))
    said = (
        f"{counted(count, f'test of {criteria} is', f'tests of {criteria} are')} in {test_context.file}. Once there "
        "is code, only tests that give the same result five times and fail on a mutant are kept. Answer now."
    )
    return success(
        said,
        file=test_context.file,
        tests=_ids(test_context, tests),
        commit=made.data["commit"],
        tree=made.data["tree"],
    )


def keep_examples(bench: Workbench, arguments: KeepExamples) -> ToolResult:
    """Judge the example tests; return those kept, those that always fail, and those dropped, with the reasons.

    The removal of dropped tests is committed; the delivery continues with the commit and tree in the result.
    """
    test_context, held = test_context_of(bench), repository(bench)
    if test_context is None or held.show(arguments.commit, test_context.file) is None:
        return failure("not_found", "There are no example tests.")
    report = _stored_report(bench)
    if report is None:
        checkout(held, arguments.commit, bench.workspace)
        measured = _measured(bench, arguments.commit, test_context.file)
        if measured is None:
            return not_installed()
        report = measured
        write_atomically(bench.note(_NOTE), f"{bench.action}\n{report.model_dump_json()}")
    if report.problem:
        problem = strip_volatile(report.problem.splitlines()[0])[:300]
        return failure("not_judged", f"The example tests could not be judged: {problem}")
    return _drop_weak_tests(bench, test_context, report)


def _measured(bench: Workbench, commit_id: str, file: str) -> StrengthReport | None:
    """Measure the tests on the files of a commit; return None if their dependencies are not installed."""
    tree = repository(bench).tree_of(commit_id)
    with checked_out(bench, tree) as clean:
        service = tests_environment(clean)
        if service is None:
            return None
        place = SandboxRunner(
            sandbox=bench.sandbox,
            environment=service,
            coverage=toolbox(bench),
            workspace=clean.workspace,
            scratch=scratch_folder(bench),
            limits=_LIMITS,
            project=uninstalled_project(clean.workspace) if is_existing_project(bench) else None,
        )
        lines = written_lines(bench, commit_id)
        return measure_strength(place, [file], lines, tree, before=_main_texts(bench, lines))


def _read(test_context: TestContext, content: str) -> tuple[dict[str, list[str]], list[str]]:
    """Return the tests by criterion, and a sentence about each problem with the file."""
    tree = parse_source(content)
    if isinstance(tree, str):
        return {}, [tree]
    tests, stray = group_by_criterion(tests_in(tree), test_context.criteria)
    wrong = violations(tree, test_context.packages)
    begin = " or ".join(f"{name_prefix(each)}_" for each in test_context.criteria)
    wrong += [f"{each} belongs to no criterion: its name must begin with {begin}." for each in stray]
    wrong += [
        f"{each} has no test: write {name_prefix(each)}_..." for each, names in tests.items() if not names
    ]
    return tests, wrong


def _drop_weak_tests(bench: Workbench, test_context: TestContext, report: StrengthReport) -> ToolResult:
    dropped = report.of("flaky", "proves_nothing")
    names = [_function(each) for each in dropped]
    file = bench.workspace / test_context.file
    if dropped and file.is_file():
        left = remove_functions(file.read_text(), names)
        if left:
            file.write_text(left)
        else:
            file.unlink()
    count = counted(len(dropped), "example test that proves", "example tests that prove")
    reasons = "\n".join(f"- {_function(each)}: {each.why}" for each in dropped)
    message = f"Drop {count} nothing: {', '.join(names)}"[:120] + f"\n\n{reasons}"
    made = commit(bench, Commit(message=message))
    there = file.read_text() if file.is_file() else ""
    tree = parse_source(there)
    tests, _ = group_by_criterion([] if isinstance(tree, str) else tests_in(tree), test_context.criteria)
    return success(
        _summary(report, dropped),
        commit=made.data["commit"],
        tree=made.data["tree"],
        file=test_context.file if there else "",
        tests=_ids(test_context, {criterion: found for criterion, found in tests.items() if found}),
        kept=_with_reasons(report.of("kept")),
        failing=_with_reasons(report.of("fails")),
        dropped=_with_reasons(dropped),
        mutants=report.mutants,
        seconds=round(report.seconds, 1),
    )


def _summary(report: StrengthReport, dropped: tuple[Strength, ...]) -> str:
    failing = report.of("fails")
    said = (
        f"Of {counted(len(report.tests), 'example test')} {counted(len(report.of('kept')), 'is', 'are')} kept"
    )
    said += f", {counted(len(failing), 'fails', 'fail')} every time" if failing else ""
    said += f", {len(dropped)} dropped" if dropped else ""
    reasons = [f"{_function(each)}: {each.why}." for each in (*failing, *dropped)]
    return " ".join([f"{said}.", *reasons[:_MOST_NAMED]])[:1_500]


def _function(test: Strength) -> str:
    return test.test.rpartition("::")[2]


def _ids(test_context: TestContext, tests: dict[str, list[str]]) -> JsonValue:
    """Return the pytest node ids of the tests, by criterion."""
    return {
        criterion: [f"{test_context.file}::{name}" for name in names] for criterion, names in tests.items()
    }


def _with_reasons(tests: tuple[Strength, ...]) -> JsonValue:
    return [{"test": each.test, "why": strip_volatile(each.why)} for each in tests]


def _main_texts(bench: Workbench, lines: _Ranges) -> dict[str, str]:
    """Return the texts on main of those changed files that exist there, by path."""
    texts = {path: text_on_main(bench, path) for path in lines}
    return {path: text for path, text in texts.items() if text is not None}


def _write_test_file(bench: Workbench, name: str, content: str) -> None:
    path = bench.workspace / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    if name.startswith(f"{SERVICE_FOLDER}/"):
        (path.parent / "__init__.py").write_text("")


def _format(bench: Workbench, content: str) -> str:
    """Return the tests formatted for a generated project; the style of an existing project is unknown."""
    if is_existing_project(bench):
        return content.rstrip("\n") + "\n"
    from tools.stacks.fastapi.pytest_source import tidy  # noqa: PLC0415  a formatter, needed by few commands

    return tidy(content)


def _stored_report(bench: Workbench) -> StrengthReport | None:
    """Return the report that this action stored before a crash, so that tests are dropped only once."""
    note = bench.note(_NOTE)
    action, _, text = note.read_text().partition("\n") if note.is_file() else ("", "", "")
    return StrengthReport.model_validate_json(text) if bench.action and action == bench.action else None


_EXAMPLE_SECRETS = secrets_in(
    lambda bench, arguments: {
        "the example tests": arguments.content,
        "the commit message": published_message(bench, SUBJECT),
    }
)

TOOLS = (
    # Writing the same tests again changes nothing.
    Tool(
        "write_examples",
        "write",
        WriteExamples,
        write_examples,
        roles=("testing/examples",),
        facts=(BRANCH, _EXAMPLE_SECRETS),
    ),
    # The report is stored before anything is dropped, and dropping again changes nothing.
    Tool("keep_examples", "execute", KeepExamples, keep_examples, roles=("crew",), facts=(BRANCH,)),
)
