"""What the command line refuses, with what to do instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from crew.cli import main

STORY = "service: kiosk\nstories:\n  - id: KIO-1\n    acceptance:\n      - A paper has a title (text).\n"


@pytest.fixture
def story(tmp_path: Path) -> str:
    path = tmp_path / "stories.yaml"
    path.write_text(STORY)
    return str(path)


def test_plan_says_that_it_asks_no_model(story: str) -> None:
    done = CliRunner().invoke(main, ["plan", story, "--model", "openai:m"])
    assert done.exit_code == 2
    assert "reads stories with the sentence forms only and calls no model; leave --model out" in done.output
    offline = CliRunner().invoke(main, ["plan", story, "--model", "offline"])
    assert (offline.exit_code, "1 criterion covered, 0 not covered." in offline.output) == (0, True)


def test_a_reason_goes_with_an_approval_or_a_rejection(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"")
    home = ("--home", str(tmp_path))
    for more in ((), ("--answer", "q-1", "Euro.")):
        done = CliRunner().invoke(main, ["resume", *home, "--reason", "Not now.", *more])
        assert done.exit_code == 2
        assert "--reason requires --approve ID or --reject ID" in done.output


def test_what_was_typed_is_redacted_in_errors() -> None:
    token = "gsk-" + "a" * 32
    for arguments in ([token], ["plan", token, token]):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 2
        assert token not in done.output
        assert "[redacted: Groq key]" in done.output


def test_the_secrets_of_services_are_redacted_in_a_plan(story: str, tmp_path: Path) -> None:
    (tmp_path / ".crew" / "secrets").mkdir(parents=True)
    (tmp_path / ".crew" / "secrets" / "kiosk.json").write_text('{"AUTH_JWT_SECRET": "pa\\"per-secret"}')
    Path(story).write_text(STORY.replace("KIO-1", "KIO-1\n    title: 'pa\"per-secret'"))
    for options in ([], ["--json"]):
        done = CliRunner().invoke(main, ["plan", story, *options])
        assert done.exit_code == 0
        assert "per-secret" not in done.output
        assert "[redacted: " in done.output


@pytest.mark.parametrize("path", sorted(Path("crew").resolve().glob("c*.py")), ids=lambda path: path.name)
def test_the_files_of_the_command_line_stay_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
