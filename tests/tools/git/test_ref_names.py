from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.git.ref_names import ledger_ref, safe, story_branch

STORIES = [
    "CHK-1",
    "chk 1",
    "chk-1",
    "a/b",
    "a..b",
    "-rf",
    "--force",
    "x.lock",
    ".hidden",
    "ends.",
    "@{-1}",
    "a~1^:?*[\\",
    "",
    " ",
    "\n\0",
    "$(rm -rf /)",
    "../../main",
    "Größe 5",
    "\ud800",
    "x" * 300,
    "@",
    "HEAD",
]


@pytest.mark.parametrize("story", STORIES)
def test_every_story_gives_a_name_that_git_takes(story: str) -> None:
    for name in (story_branch(story), ledger_ref(story)):
        subprocess.run(["git", "check-ref-format", name], check=True)
        assert len(name) < 200


def test_no_two_stories_share_a_branch() -> None:
    assert len({story_branch(story) for story in STORIES}) == len(STORIES)


def test_plain_ids_stay_readable() -> None:
    assert story_branch("CHK-1") == "refs/heads/crew/CHK-1"


def test_a_story_named_like_the_branch_of_another_does_not_take_it() -> None:
    assert safe(safe("a b")) != safe("a b")


@given(st.text(), st.text())
def test_names_never_collide(one: str, other: str) -> None:
    assert (safe(one) == safe(other)) == (one == other)


@given(st.text())
def test_names_are_one_component(story: str) -> None:
    assert "/" not in safe(story)
    assert not safe(story).startswith((".", "-"))
