"""The numbers that the README promises, measured on this machine and printed as a table.

`make bench` runs it. Every row names its sample size and its bound; a missed bound ends with exit code 1.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from evals.processes import run_measured
from evals.steps import StepCost, step_cost
from tools.policy import choose as choose_policy
from tools.sandbox import Job, Limits
from tools.sandbox import choose as choose_sandbox

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples/checkout/stories.yaml"
STEPS = 205


@dataclass(frozen=True)
class Figure:
    """One measured number and its bound, in the same unit."""

    name: str
    value: float
    bound: float
    unit: str
    sample: str

    @property
    def held(self) -> bool:
        """Whether the number is within its bound."""
        return self.value <= self.bound


def main() -> None:
    """Measure everything, print the table, and exit with 1 if a bound was missed."""
    print(machine())
    figures = []
    print(f"{'what':44} {'measured':>12} {'at most':>12}  sample")
    for figure in measured():
        figures.append(figure)
        mark = "" if figure.held else "  MISSED"
        value, bound = f"{figure.value:.3g} {figure.unit}", f"{figure.bound:.3g} {figure.unit}"
        print(f"{figure.name:44} {value:>12} {bound:>12}  {figure.sample}{mark}", flush=True)
    sys.exit(0 if all(figure.held for figure in figures) else 1)


def machine() -> str:
    """Return the machine in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB, Python {platform.python_version()}"
    )


def measured() -> Iterator[Figure]:
    """Yield the figures, quick ones first."""
    yield from _commands()
    yield from _sandbox()
    yield from _policy()
    yield from _steps()
    yield from _example()


def _commands() -> Iterator[Figure]:
    crew = (sys.executable, "-m", "crew")
    helped = _median(lambda: run_measured((*crew, "--help"), ROOT).seconds, 11)
    yield Figure("crew --help", helped, 0.2, "s", "median of 11")
    planned = _median(lambda: run_measured((*crew, "plan", str(EXAMPLE)), ROOT).seconds, 7)
    yield Figure("crew plan of the example", planned, 1.5, "s", "median of 7")


def _sandbox() -> Iterator[Figure]:
    sandbox = choose_sandbox()
    true = shutil.which("true") or "/bin/true"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        job = Job(argv=(true,), folder=place, readable=(place,), limits=Limits(wall_seconds=10))
        bare = _median(lambda: run_measured((true,), place).seconds, 21)
        confined = _median(lambda: _timed(lambda: sandbox.run(job)), 21)
    bound = 30.0 if sandbox.name == "bubblewrap" else float("inf")
    yield Figure(
        f"sandbox start, {sandbox.name}", 1000 * (confined - bare), bound, "ms", "median of 21, less bare"
    )


def _policy() -> Iterator[Figure]:
    policies = ROOT / "crew/policies"
    questions = [json.loads(line) for line in (ROOT / "evals/questions.jsonl").read_text().splitlines()]
    for name in ("regopy", "opa"):
        if name == "opa" and shutil.which("opa") is None:
            continue
        engine = choose_policy(policies, None, name)
        engine.decide(questions[0])
        times = sorted(
            1000 * engine.decide(questions[number % len(questions)]).seconds for number in range(1000)
        )
        engine.close()
        yield Figure(f"policy decision p99, {name}", times[989], 5.0, "ms", "1,000 decisions")


def _steps() -> Iterator[Figure]:
    costs: StepCost = step_cost(STEPS)
    early = statistics.median(costs.milliseconds[5:16])
    late = statistics.median(costs.milliseconds[-11:])
    yield Figure("own cost of an agent step, around step 10", early, 15.0, "ms", "median of 11")
    yield Figure("own cost of an agent step, around step 200", late / early, 1.5, "x step 10", "median of 11")
    yield Figure("ledger and checkpoints, 200 steps", costs.stored_bytes / 1e6, 2.0, "MB", "one run")


def _example() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        story = Path(folder) / "stories.yaml"
        shutil.copy(EXAMPLE, story)
        done = run_measured((sys.executable, "-m", "crew", "run", str(story), "--json"), Path(folder))
        ended = json.loads(done.stdout.splitlines()[-1])["deliveries"]
        run_measured((sys.executable, "-m", "crew", "down", "--home", f"{folder}/.crew"), Path(folder))
    delivered = sum(each["status"] == "delivered" for each in ended)
    yield Figure(
        f"the example, {delivered} of {len(ended)} stories delivered", done.seconds, 120.0, "s", "one run"
    )
    yield Figure("peak memory of the crew itself", done.peak_bytes / 1e6, 400.0, "MB", "one run")


def _median(sample: Callable[[], float], size: int) -> float:
    return statistics.median(sample() for _ in range(size))


def _timed(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
