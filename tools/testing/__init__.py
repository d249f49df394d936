"""Run tests in a sandbox, measure their coverage, and check by mutation that they catch defects.

pytest_run           run pytest, rerun new and failed tests to find flaky ones, record per-test coverage
test_command         detect the command that a repository runs its tests with
command_run          run a test command other than pytest
sandbox_runner       start the runner in the sandbox; `inside/` is what runs there, next to the service
sandbox_environment  variables, paths and programs of a sandboxed command
runner_reports       parse and validate what the sandboxed runner wrote, without trusting it
tripwires            tests of the crew's own in every run, which reveal code that makes pytest report what it likes
outcomes             models of test results: TestReport, Coverage, Mutant, MutationReport
results              tool results and helpers shared by the tools that run tests
mutation/            make mutants, run tests against them, measure the strength of single tests
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
