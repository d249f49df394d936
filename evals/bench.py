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

from pydantic import JsonValue

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
    questions = policy_questions()
    for name in ("regopy", "opa"):
        if name == "opa" and shutil.which("opa") is None:
            print("policy decision, opa: not measured, opa is not on PATH")
            continue
        engine = choose_policy(policies, None, name)
        for question in questions:
            decision = engine.decide(question)
            if decision.outcome != "allow":
                raise SystemExit(f"{question['tool']} should be allowed: {' '.join(decision.reasons)}")
        times = sorted(
            1000 * engine.decide(questions[number % len(questions)]).seconds for number in range(1000)
        )
        engine.close()
        yield Figure(f"policy decision p99, {name}", times[989], 5.0, "ms", "1,000 decisions")


def policy_questions() -> list[dict[str, JsonValue]]:
    """Return the calls of a typical delivery: mostly small ones, and a merge that adds a service's dependencies."""
    cited: list[JsonValue] = ["a-1", "a-2"]
    place, tree = "/home/me/.crew/work/d-1", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    listed = json.loads((ROOT / "crew/policies/packages.json").read_text())["packages"]
    licences: JsonValue = {licence: [*releases] for licence, releases in listed.items()}
    added: JsonValue = {release: True for releases in listed.values() for release in releases}
    paths: JsonValue = [{"text": "app/a.py", "resolved": f"{place}/app/a.py"}]
    files: dict[str, JsonValue] = {"workspace": place, "paths": paths, "secrets": [], "protected": False}
    merge: dict[str, JsonValue] = {
        "branch": "crew/CHK-1",
        "head_tree": tree,
        "tests": {"action": "a-1", "tree": tree, "passed": 41, "failed": 0, "errors": 0, "complete": True},
        "scan": {"action": "a-2", "tree": tree, "high": 0, "medium": 0, "skipped": 0},
        "secrets": [],
        "dependencies": {"added": added, "unpinned": [], "licences": licences},
        "contract": {"breaking": [], "incomparable": []},
        "migrations": {"destructive": []},
    }
    calls: list[tuple[str, str, str, dict[str, JsonValue], dict[str, JsonValue]]] = [
        ("code", "write_file", "write", {"path": "app/a.py", "content": "x = 1"}, files),
        ("code", "read_file", "read", {"path": "app/a.py"}, files),
        ("testing", "run_tests", "execute", {}, {}),
        ("governance", "scan_code", "execute", {}, {}),
        ("crew", "merge", "write", {"tree": tree, "title": "Orders"}, merge),
    ]
    return [
        {
            "delivery": "d-1",
            "role": role,
            "tool": tool,
            "effect": effect,
            "arguments": arguments,
            "rationale": "The story asks for it, and what came before shows that it is due.",
            "evidence": [*cited],
            "facts": facts | {"known_evidence": [*cited]},
        }
        for role, tool, effect, arguments, facts in calls
    ]


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
