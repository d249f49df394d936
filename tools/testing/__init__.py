"""Running a service's tests in a sandbox, and judging the tests themselves.

orders    where tests run, and what the runner in the sandbox is told
running   run them, rerun what is new or failed, note which test runs which line
finding   which command a repository runs its tests with
commands  running that command, where it is not pytest
judging   change a line at a time and see whether a test notices
mutating  what such changes are
loosening what tests lose between two versions (inventory, normal_form, assertions: what they consist of)
reports   reading what sandboxed code wrote, without believing it
inside    the part that runs in the sandbox, next to the service
"""

from tools.testing.model import (
    Coverage,
    Flaky,
    Interpreter,
    Mutant,
    MutationReport,
    TestOutcome,
    TestReport,
    Verdict,
)
from tools.testing.mutation.mutants import find_mutants
from tools.testing.mutation.run import mutate
from tools.testing.orders import Bench, Project, cores
from tools.testing.running import run_tests

__all__ = [
    "Bench",
    "Coverage",
    "Flaky",
    "Interpreter",
    "Mutant",
    "MutationReport",
    "Project",
    "TestOutcome",
    "TestReport",
    "Verdict",
    "cores",
    "find_mutants",
    "mutate",
    "run_tests",
]
