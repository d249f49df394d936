"""Benchmark that measures, on this machine, the figures that the README promises and prints them as a table.

`make bench` runs everything; `make bench BENCH=quick` takes small samples and skips the example delivery. Each row
shows its sample size and its bound; the exit code is 1 if a bound is missed.
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

from pydantic import JsonValue

from crew.policy_drafts.sample_calls import Document, example_call, overlaid
from evals.processes import run_measured
from evals.steps import step_cost
from tools.policy import choose as choose_policy
from tools.sandbox import Job, Limits
from tools.sandbox import choose as choose_sandbox

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples/checkout/stories.yaml"
POLICIES = ROOT / "crew/policies"


@dataclass(frozen=True)
class Samples:
    """The number of samples to take for each figure."""

    help: int = 11
    plan: int = 7
    sandbox: int = 21
    decisions: int = 1000
    steps: int = 205
    example: bool = True
    """Whether to deliver the example project as well."""


FULL = Samples()
QUICK = Samples(help=1, plan=1, sandbox=3, decisions=100, steps=27, example=False)


@dataclass(frozen=True)
class Figure:
    """One measurement and its upper bound, in the same unit."""

    name: str
    value: float
    bound: float
    unit: str
    sample: str

    @property
    def held(self) -> bool:
        """Whether the value is within its bound."""
        return self.value <= self.bound


def main() -> None:
    """Measure, print the table, and exit with 1 if a bound was missed."""
    print(machine())
    figures = []
    print(f"{'what':44} {'measured':>12} {'at most':>12}  sample")
    for figure in measured(QUICK if os.environ.get("BENCH") == "quick" else FULL):
        figures.append(figure)
        mark = "" if figure.held else "  MISSED"
        value, bound = f"{figure.value:.3g} {figure.unit}", f"{figure.bound:.3g} {figure.unit}"
        print(f"{figure.name:44} {value:>12} {bound:>12}  {figure.sample}{mark}", flush=True)
    sys.exit(0 if all(figure.held for figure in figures) else 1)


def machine() -> str:
    """Return a one-line description of the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB, Python {platform.python_version()}"
    )


def measured(samples: Samples) -> Iterator[Figure]:
    """Yield the figures, starting with those that are quick to measure."""
    yield from _commands(samples)
    yield from _sandbox(samples.sandbox)
    yield from _policy(samples.decisions)
    yield from _steps(samples.steps)
    if samples.example:
        yield from _example()


def _commands(samples: Samples) -> Iterator[Figure]:
    crew = (sys.executable, "-m", "crew")
    helped = _median(lambda: run_measured((*crew, "--help"), ROOT).seconds, samples.help)
    yield Figure("crew --help", helped, 0.2, "s", f"median of {samples.help}")
    planned = _median(lambda: run_measured((*crew, "plan", str(EXAMPLE)), ROOT).seconds, samples.plan)
    yield Figure("crew plan of the example", planned, 1.5, "s", f"median of {samples.plan}")


def _sandbox(size: int) -> Iterator[Figure]:
    sandbox = choose_sandbox()
    true = shutil.which("true") or "/bin/true"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        job = Job(argv=(true,), folder=place, readable=(place,), limits=Limits(wall_seconds=10))
        bare = _median(lambda: run_measured((true,), place).seconds, size)
        confined = _median(lambda: _timed(lambda: sandbox.run(job)), size)
    bound = 30.0 if sandbox.name == "bubblewrap" else float("inf")
    yield Figure(
        f"sandbox start, {sandbox.name}",
        1000 * (confined - bare),
        bound,
        "ms",
        f"median of {size}, less bare",
    )


def _policy(size: int) -> Iterator[Figure]:
    questions = policy_questions()
    for name in ("regopy", "opa"):
        if name == "opa" and shutil.which("opa") is None:
            print("policy decision, opa: not measured, opa is not on PATH")
            continue
        engine = choose_policy(POLICIES, None, name)
        for question in questions:
            decision = engine.decide(question)
            if decision.outcome != "allow":
                raise SystemExit(f"The policy should allow {question['tool']}: {' '.join(decision.reasons)}")
        times = sorted(
            1000 * engine.decide(questions[number % len(questions)]).seconds for number in range(size)
        )
        engine.close()
        yield Figure(
            f"policy decision p99, {name}", times[size * 99 // 100 - 1], 5.0, "ms", f"{size:,} decisions"
        )


def policy_questions() -> list[Document]:
    """Return sample calls of a typical delivery: mostly small ones, and a merge that adds a service's dependencies."""
    data = json.loads((POLICIES / "data.json").read_text())
    listed = json.loads((POLICIES / "packages.json").read_text())["packages"]
    added: JsonValue = {release: True for releases in listed.values() for release in releases}
    licences: JsonValue = {licence: [*releases] for licence, releases in listed.items()}
    merge: Document = {"facts": {"dependencies": {"added": added, "licences": licences}}}
    small = ("write_file", "read_file", "run_tests", "scan_code")
    return [*(example_call(data, tool) for tool in small), overlaid(example_call(data, "merge"), merge)]


def _steps(size: int) -> Iterator[Figure]:
    costs = step_cost(size)
    early = statistics.median(costs.milliseconds[5:16])
    late = statistics.median(costs.milliseconds[-11:])
    yield Figure("own cost of an agent step, around step 10", early, 15.0, "ms", "median of 11")
    yield Figure(
        f"own cost of an agent step, around step {size - 5}", late / early, 1.5, "x step 10", "median of 11"
    )
    yield Figure(f"ledger and checkpoints, {size - 5} steps", costs.stored_bytes / 1e6, 2.0, "MB", "one run")


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
