"""A delivery that stopped: why is said, and it goes on with what it began with, from any folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.crew.models.server import serving
from tests.crew.models.wired import KEY
from tests.e2e.conftest import STORIES, Kiosk
from tests.e2e.test_models import right
from tests.e2e.test_recordings import RECORDINGS

pytestmark = pytest.mark.slow

NOWHERE = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://ada:sesame@127.0.0.1:9/v1"}


def row(kiosk: Kiosk, kind: str) -> dict[str, Any]:
    """Return the body of the last row of a kind."""
    found = [json.loads(line) for line in kiosk.crew("ledger", "export").splitlines()]
    return dict([each["body"] for each in found if each["kind"] == kind][-1])


def reason(kiosk: Kiosk) -> str:
    """Return why the delivery stands where it does."""
    (listed,) = json.loads(kiosk.crew("status", "--json"))["deliveries"]
    assert listed["status"] == "waiting"
    assert listed["reason"] in kiosk.crew("status")
    return str(listed["reason"])


def elsewhere(kiosk: Kiosk) -> Kiosk:
    """Return another folder, whose commands are about the same home."""
    other = kiosk.folder / "elsewhere"
    other.mkdir(exist_ok=True)
    return Kiosk(other)


def test_a_budget_stops_it_again_until_there_is_a_larger_one(kiosk: Kiosk) -> None:
    path = kiosk.write(STORIES)
    home = ("--home", str(kiosk.home))
    with serving(right) as server:
        at = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url}
        chosen = (
            "--model",
            "openai:m",
            "--budget",
            "steps=2",
            "--run-budget",
            "steps=50",
            "--record",
            "kept",
        )
        said = kiosk.crew("run", str(path), *chosen, expect=1, **at)
        assert "used up: 2 of 2 model calls. Nothing is lost" in said
        assert "It was interrupted" not in said
        assert "2 of 2 model calls" in reason(kiosk)
        assert "continue with a larger one: crew resume kio-1-" in reason(kiosk)
        again = elsewhere(kiosk).crew("resume", *home, expect=1, **at)
        assert "used up: 2 of 2 model calls" in again
        assert len(server.bodies) == 2
        larger = kiosk.crew("resume", "--budget", "steps=3", expect=1, **at)
        assert "used up: 3 of 3 model calls" in larger
        # What was given then holds from then on.
        assert "used up: 3 of 3 model calls" in kiosk.crew("resume", expect=1, **at)
        assert len(server.bodies) == 3
    # What is half recorded is recorded on, from whichever folder.
    assert len([*(kiosk.folder / "kept" / "calls").iterdir()]) == 3
    began, now = row(kiosk, "opened"), row(kiosk, "resumed")
    assert (began["budget"], began["run_budget"], now["budget"]) == ("steps=2", "steps=50", "steps=3")
    assert "no row was changed or removed" in kiosk.crew("ledger", "verify")


def test_sandbox_engine_and_policies_are_kept_and_a_dead_server_is_named(kiosk: Kiosk) -> None:
    (kiosk.folder / "policies").mkdir()
    (kiosk.folder / "policies" / "own.rego").write_text("package extra\n\nimport rego.v1\n")
    (kiosk.folder / "crew.toml").write_text("[model]\nattempts = 1\n")
    chosen = ("--sandbox", "landlock", "--policy-engine", "regopy", "--policies", "policies")
    said = kiosk.crew("run", str(kiosk.write(STORIES)), "--model", "openai:m", *chosen, expect=1, **NOWHERE)
    began = row(kiosk, "opened")
    assert (began["sandbox"], began["policy_engine"]) == ("landlock", "regopy")
    assert began["policies"] == str(kiosk.folder / "policies")
    assert "server at http://127.0.0.1:9/v1 cannot be reached: " in reason(kiosk)
    assert "tries again, with another model if you give --model" in reason(kiosk)
    again = elsewhere(kiosk).crew("resume", "--home", str(kiosk.home), expect=1, **NOWHERE)
    assert "cannot be reached" in again
    assert "sesame" not in said + again + kiosk.crew("ledger", "export")
    rows = [json.loads(line) for line in kiosk.crew("ledger", "export").splitlines()]
    assert [each for each in rows if each["kind"] == "resumed"] == [], "nothing was changed by going on"
    kiosk.crew("resume", "--sandbox", "namespaces", expect=1, **NOWHERE)
    assert row(kiosk, "resumed")["text"] == "Continues with other settings: sandbox namespaces."


def test_a_recording_is_found_from_another_folder_and_what_differs_is_the_reason(kiosk: Kiosk) -> None:
    shutil.copytree(RECORDINGS / "timespan", kiosk.folder / "recorded")
    kiosk.crew("run", str(kiosk.write(STORIES)), "--model", "replay:recorded", expect=1)
    assert row(kiosk, "opened")["model"] == f"replay:{kiosk.folder / 'recorded'}"
    assert "does not contain this request of the design agent" in reason(kiosk)
    assert "Record it again" in reason(kiosk)
    again = elsewhere(kiosk).crew("resume", "--home", str(kiosk.home), expect=1)
    assert "does not contain this request of the design agent" in again


def test_those_that_began_otherwise_are_left_for_a_command_of_their_own(kiosk: Kiosk, tmp_path: Path) -> None:
    (kiosk.folder / "crew.toml").write_text("[model]\nattempts = 1\n")
    other = STORIES.replace("service: kiosk", "service: stand").replace("KIO-1", "STA-1")
    for text, name, bound in ((STORIES, "one.yaml", "steps=4"), (other, "two.yaml", "steps=6")):
        path = str(kiosk.write(text, name))
        kiosk.crew("run", path, "--model", "openai:m", "--budget", bound, expect=1, **NOWHERE)
    said = kiosk.crew("resume", expect=1, **NOWHERE)
    assert "was started with other options; resume it separately: crew resume sta-1-" in said
    rows = [json.loads(line)["body"] for line in kiosk.crew("ledger", "export").splitlines()]
    kept = [each["budget"] for each in rows if "budget" in each]
    assert kept == ["steps=4", "steps=6"]
    assert "was started with other options" not in kiosk.crew(
        "resume", "--budget", "steps=9", expect=1, **NOWHERE
    )
