"""Recorded deliveries, replayed with real tools: the same repository each time, whatever happens on the way."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import PERSON, Kiosk

RECORDINGS = Path(__file__).resolve().parents[2] / "evals" / "recordings"
NAMES = sorted(path.parent.name for path in RECORDINGS.glob("*/recording.json"))
QUICK = "timespan"
"""The one that is delivered in seconds."""
NOBODY = {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
"""A replay needs no key and no model's server."""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Replay(Kiosk):
    """A folder with what a recording starts from."""

    recording: Path

    @property
    def repository(self) -> Path:
        """The repository that the story is about."""
        return self.folder / str(yaml.safe_load((self.recording / "stories.yaml").read_text())["service"])

    @property
    def stories(self) -> str:
        """The story file."""
        return str(self.folder / "stories.yaml")

    @property
    def model(self) -> tuple[str, str]:
        """The option that names the recording as the model."""
        return "--model", f"replay:{self.recording}"

    def prepare(self) -> None:
        """Make the repository that the story was recorded on."""
        self.folder.mkdir(parents=True)
        shutil.copy(self.recording / "stories.yaml", self.stories)
        if (self.recording / "repository").is_dir():
            shutil.copytree(self.recording / "repository", self.repository)
            for command in (("init", "-qb", "main"), ("add", "-A"), ("commit", "-qm", "Import")):
                author = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org"}
                subprocess.run(
                    ["git", "-C", str(self.repository), *command],
                    check=True,
                    env=os.environ | PERSON | author,
                )
        if (self.recording / "before.yaml").is_file():
            self.crew("run", shutil.copy(self.recording / "before.yaml", self.folder))

    def rows(self) -> list[dict[str, Any]]:
        """The ledger of the recorded delivery."""
        story = str(yaml.safe_load((self.recording / "stories.yaml").read_text())["stories"][0]["id"]).lower()
        rows = [json.loads(line) for line in self.crew("ledger", "export").splitlines()]
        return [row for row in rows if row["delivery"].startswith(f"{story}-")]

    def check(self) -> None:
        """See that everything is as it was recorded."""
        expected = json.loads((self.recording / "outcome.json").read_text())
        assert self.git("rev-parse", "main^{tree}") == expected["tree"]
        asked = Counter(str(row["body"]["role"]) for row in self.rows() if row["kind"] == "model")
        assert dict(asked) == expected["calls"]
        assert "no row was changed or removed" in self.crew("ledger", "verify")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """What the quick recording starts from; tests copy it."""
    made = Replay(tmp_path_factory.mktemp("started").resolve() / "folder", RECORDINGS / QUICK)
    made.prepare()
    return made


def copy(started: Replay, folder: Path) -> Replay:
    """Return the same in another folder."""
    shutil.copytree(started.folder, folder, symlinks=True)
    return Replay(folder, started.recording)


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_is_replayed(name: str, tmp_path: Path) -> None:
    replay = Replay(tmp_path.resolve() / "folder", RECORDINGS / name)
    replay.prepare()
    try:
        said = replay.crew("run", replay.stories, *replay.model, **NOBODY)
        assert "delivered" in said
        replay.check()
        spent = json.loads(replay.crew("status", "--json"))["deliveries"][-1]["spent"]
        assert sum(role["money"] for role in spent.values()) == 0, "what was recorded is not spent"
        why = replay.crew("why", replay.rows()[0]["delivery"])
        assert all(each in why for each in ("why  ", "evidence  ", "policy  ", "outcome  "))
    finally:
        replay.crew("down", expect=None)


def test_the_discount_story_is_cheap() -> None:
    from evals.recorded import summary

    (everything,) = [row for row in summary(RECORDINGS / "discounts") if row.role == "all"]
    assert everything.calls <= 12
    assert everything.prompt_tokens + everything.completion_tokens <= 20_000


@pytest.mark.timeout(3600)
def test_killed_at_random_moments(started: Replay, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """At most the call in flight is made again, and the ledger says so; nothing takes effect twice."""
    wanted = request.config.getoption("--kills")
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    done = rounds = again = 0
    while done < wanted:
        replay = copy(started, tmp_path.resolve() / f"round{rounds}")
        killed = disturbed(replay, min(5, wanted - done), chance)
        replay.check()
        rows = replay.rows()
        assert max(Counter((row["kind"], row["key"]) for row in rows).values()) == 1
        actions = {row["key"] for row in rows if row["kind"] == "intent"}
        assert actions == {row["key"] for row in rows if row["kind"] == "outcome"}
        calling = [row for row in rows if row["kind"] == "calling"]
        extra = len(calling) - sum(row["kind"] in ("model", "fault") for row in rows)
        assert extra == sum(row["body"].get("again") is True for row in calling) <= killed
        done, rounds, again = done + killed, rounds + 1, again + extra
    print(f"{done} kills in {rounds} deliveries: {again} model calls made again, nothing else")


def disturbed(replay: Replay, kills: int, chance: random.Random) -> int:
    """Run the story, killing the command at random moments, and return how often it was killed."""
    command, done = ("run", replay.stories), 0
    while done < kills:
        process = replay.start(*command, *replay.model, **NOBODY)
        try:
            process.communicate(timeout=chance.uniform(0.2, 12 * (1 - done / kills) + 2))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            done += 1
        else:
            break
        command = ("resume",) if begun(replay) else command
    if not ended(replay):
        replay.crew(*(("resume",) if begun(replay) else ("run", replay.stories)), *replay.model, **NOBODY)
    return done


def begun(replay: Replay) -> bool:
    """Whether the killed command got as far as opening the delivery."""
    return bool(statuses(replay))


def ended(replay: Replay) -> bool:
    """Whether nothing is left to do."""
    return statuses(replay) == ["delivered"]


def statuses(replay: Replay) -> list[str]:
    """Return where the deliveries stand."""
    listed = replay.crew("status", "--json", expect=None) if (replay.home / "ledger.db").exists() else "{}"
    return [each["status"] for each in json.loads(listed).get("deliveries", [])]


def test_stopped_by_a_budget_and_resumed(started: Replay, tmp_path: Path) -> None:
    from evals.recorded import summary

    (needed,) = [row for row in summary(RECORDINGS / QUICK) if row.role == "all"]
    half = (needed.prompt_tokens + needed.completion_tokens) // 2
    for number, bound in enumerate((f"tokens={half}", f"steps={needed.calls // 2}")):
        replay = copy(started, tmp_path.resolve() / f"budget{number}")
        said = replay.crew("run", replay.stories, *replay.model, "--budget", bound, expect=1, **NOBODY)
        assert "The budget of the delivery" in said
        assert "crew resume" in said
        assert statuses(replay) == ["waiting"]
        spent = sum(
            role["input_tokens"] + role["output_tokens"]
            for role in json.loads(replay.crew("status", "--json"))["deliveries"][0]["spent"].values()
        )
        assert spent <= half * 1.2
        again = replay.crew("resume", expect=1, **NOBODY)
        assert "The budget of the delivery" in again
        assert statuses(replay) == ["waiting"]
        assert "is used up" in replay.crew("status")
        replay.crew("resume", "--budget", "tokens=1000000", **NOBODY)
        replay.check()


def test_resumed_after_an_interrupt_where_nothing_is_left_to_ask(started: Replay, tmp_path: Path) -> None:
    """A replay that does not fit the story stops, says what differs, and goes on with a recording that does."""
    replay = copy(started, tmp_path.resolve() / "other")
    stories = Path(replay.stories)
    whole = stories.read_text()
    stories.write_text(whole.replace("no job runs a day early", "no job runs a week early"))
    said = replay.crew("run", replay.stories, *replay.model, expect=1, **NOBODY)
    assert "week early" in said
    assert "--record" in said
    assert statuses(replay) == ["waiting"]
    replay.crew("abandon", replay.rows()[0]["delivery"])
    stories.write_text(whole)
    replay.crew("run", replay.stories, *replay.model, **NOBODY)
    replay.check()
