"""`kill -9` anywhere: what is resumed ends like what was never disturbed, and nothing is done twice.

A few kills by default; `--kills 40` for many. The moments are random, from a seed that a failure prints.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.conftest import STORIES, Kiosk

KILLS_A_ROUND = 8
"""More would only see the first seconds of a command again and again."""


def trees(kiosk: Kiosk) -> dict[str, str]:
    """Return the git trees that a delivery leaves behind, and how many commits led to main."""
    refs = ("main", "crew/KIO-1", "refs/crew/generated")
    found = {ref: kiosk.git("rev-parse", f"{ref}^{{tree}}") for ref in refs}
    return found | {"commits": kiosk.git("rev-list", "--count", "main")}


def disturbed(kiosk: Kiosk, kills: int, chance: random.Random, whole: float) -> int:
    """Run the story, killing the command at random moments, and return how often it was killed."""
    path = kiosk.write(STORIES)
    done = 0
    command = ("run", str(path))
    while done < kills:
        process = kiosk.start(*command)
        # Moments all over what is left to do; resuming is quick where most is done.
        moment = chance.uniform(0.2, max(2.0, whole * (1 - done / kills)))
        try:
            process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            done += 1
        else:
            break  # it came to its end before the moment did
        command = ("resume",) if (kiosk.home / "ledger.db").exists() and begun(kiosk) else command
    kiosk.crew(*(("resume",) if begun(kiosk) else ("run", str(path))))
    return done


def begun(kiosk: Kiosk) -> bool:
    """Whether the killed command got as far as opening the delivery."""
    listed = json.loads(kiosk.crew("status", "--json", expect=None) or "{}") if kiosk.home.exists() else {}
    return bool(listed.get("deliveries"))


def check(kiosk: Kiosk, delivered: Kiosk) -> None:
    """Compare a delivery that was disturbed with one that was not."""
    assert trees(kiosk) == trees(delivered)
    rows = [json.loads(line) for line in kiosk.crew("ledger", "export").splitlines()]
    counted = Counter((row["kind"], row["key"]) for row in rows)
    assert max(counted.values()) == 1
    begun_actions = {row["key"] for row in rows if row["kind"] == "intent"}
    assert begun_actions == {row["key"] for row in rows if row["kind"] == "outcome"}
    assert tools(kiosk) == tools(delivered)
    assert "no row was changed or removed" in kiosk.crew("ledger", "verify")
    assert json.loads(kiosk.crew("status", "--json"))["deliveries"][0]["status"] == "delivered"
    kiosk.crew("down")
    deadline = time.monotonic() + 60
    while kiosk.processes() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert kiosk.processes() == []


def tools(kiosk: Kiosk) -> Counter[tuple[str, str]]:
    """Return how often each role did what."""
    rows = [json.loads(line) for line in kiosk.crew("ledger", "export").splitlines()]
    return Counter((row["body"]["role"], row["body"]["tool"]) for row in rows if row["kind"] == "intent")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_at_random_moments(tmp_path: Path, delivered: Kiosk, request: pytest.FixtureRequest) -> None:
    wanted = request.config.getoption("--kills")
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    started = time.monotonic()
    whole, done, rounds = 30.0, 0, 0
    while done < wanted:
        kiosk = Kiosk((tmp_path / f"round{rounds}").resolve())
        kiosk.folder.mkdir()
        killed = disturbed(kiosk, min(KILLS_A_ROUND, wanted - done), chance, whole)
        check(kiosk, delivered)
        done, rounds = done + killed, rounds + 1
    print(f"{done} kills in {rounds} deliveries, {time.monotonic() - started:.0f} s: all as if undisturbed")
