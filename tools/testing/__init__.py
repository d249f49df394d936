"""Run tests in a sandbox, measure their coverage, and check by mutation that they catch defects.

pytest_run           run pytest, rerun new and failed tests to find flaky ones, record per-test coverage
test_command         detect the command that runs a repository's tests
command_run          run a test command other than pytest
sandbox_runner       start the runner in the sandbox; `inside/` contains the code that runs there
sandbox_environment  variables, paths and programs of a sandboxed command
runner_reports       parse and validate the untrusted reports of the sandboxed runner
tripwires            tests with known outcomes, added to every run to reveal code that falsifies pytest's results
outcomes             models of test results: TestReport, Coverage, Mutant, MutationReport
results              tool results and helpers shared by the tools that run tests
mutation/            make mutants, run tests against them, measure the strength of individual tests
"""

from tools.testing.mutation.mutants import find_mutants
from tools.testing.mutation.run import mutate
from tools.testing.outcomes import (
    Coverage,
    Flaky,
    Interpreter,
    Mutant,
    MutationReport,
    TestOutcome,
    TestReport,
    Verdict,
)
from tools.testing.pytest_run import run_tests
from tools.testing.sandbox_runner import Project, SandboxRunner, cores

__all__ = [
    "Coverage",
    "Flaky",
    "Interpreter",
    "Mutant",
    "MutationReport",
    "Project",
    "SandboxRunner",
    "TestOutcome",
    "TestReport",
    "Verdict",
    "cores",
    "find_mutants",
    "mutate",
    "run_tests",
]
