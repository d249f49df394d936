"""Whatever `plan` accepts can be delivered: random stories are built, and pass the tests that come with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.acceptance.delivery import environment
from tests.acceptance.random_stories import stories
from tools.blueprint import openapi
from tools.blueprint.model import Blueprint
from tools.blueprint.reader import read
from tools.stacks.fastapi import FastAPIStack

pytestmark = pytest.mark.slow

DELIVERED: dict[str, tuple[str, ...]] = {
    "a default that a rule refuses": (
        "A cart has a total (money, default 0).",
        "Creating a cart with a total under 10 is rejected with 422.",
    ),
    "only created": ("A ping has a note (text).", "Pings can be created."),
    "only read": ("A ping has a note (text).", "Pings can be read."),
    "nothing created": ("A ping has a note (text).", "Pings can be listed, read and deleted."),
    "a child of nothing": (
        "A ping has a note (text).",
        "Pings can be listed and read.",
        "A pong has a note (text).",
        "A pong belongs to a ping.",
    ),
    "short and few unique values": (
        "A tag has a letter (text, up to 1 character, unique) and a share (number, at most -1, unique).",
        "A tag has a price (money, 0.01 to 0.20, unique) and a place (integer, 1 to 10, unique).",
    ),
    "addresses of limited length": (
        "A site has an address (url, up to 10 characters) and a contact (email, 30 to 40 characters, unique).",
    ),
    "an owner": (
        "An author has a name (text).",
        "A post has a title (text, unique).",
        "A post belongs to an author.",
        "A post starts as draft.",
        "A post goes from draft to published when it is published.",
        "Only the author can create, update or publish posts.",
        "Only the author or an admin can delete posts.",
    ),
    "an owner in a text field": (
        "A note has an owner (text, up to 20 characters) and a size (integer, 1 to 5).",
        "Only the owner of a note can update or delete it.",
        "Updating a note with a size over 3 is rejected with 422.",
    ),
    "names of secrets": (
        "An account has a password (text, 8 to 72 characters), an api key (text, unique) and a token (text).",
        "An account has a secret (text, up to 4 characters), a private key (text, matching /[a-zA-Z0-9]{12}/).",
    ),
}


def build_and_test(story: Sequence[str]) -> None:
    """Generate the service of the criteria that are covered, and run its tests and its linter on it."""
    reading = read([(f"S.{at}", text) for at, text in enumerate(story, 1)], Blueprint(service="random"))
    contract = openapi.to_yaml(openapi.document(reading.blueprint))
    generation = FastAPIStack().generate(reading.blueprint, contract, None)
    with tempfile.TemporaryDirectory() as folder:
        for path, text in generation.files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        python = environment(Path(folder, "requirements-dev.txt"))
        tested = run(folder, python, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider")
        linted = run(folder, Path(sys.executable), "-m", "ruff", "check", "--no-cache", ".")
    assert tested.returncode == 0, json.dumps(story) + tested.stdout[-3000:] + tested.stderr[-1000:]
    assert linted.returncode == 0, json.dumps(story) + linted.stdout[-3000:]


def run(folder: str, python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module in the repository, with a temporary folder of its own."""
    variables = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": folder}
    return subprocess.run(
        [python, *arguments], cwd=folder, env=variables, capture_output=True, text=True, timeout=900
    )


@pytest.mark.parametrize("story", DELIVERED.values(), ids=DELIVERED.keys())
def test_what_is_unusual_is_delivered(story: tuple[str, ...]) -> None:
    reading = read([(f"S.{at}", text) for at, text in enumerate(story, 1)], Blueprint(service="random"))
    assert {each.outcome for each in reading.criteria} == {"covered"}, reading.criteria

    build_and_test(story)


def test_random_stories_pass_their_own_tests(pytestconfig: pytest.Config) -> None:
    """`--blueprints 300` builds so many."""

    # Another story is found by its seed, not by shrinking, which would build and test dozens.
    @settings(
        max_examples=pytestconfig.getoption("--blueprints"),
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(stories())
    def check(story: tuple[str, ...]) -> None:
        build_and_test(story)

    check()
