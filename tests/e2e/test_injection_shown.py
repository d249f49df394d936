"""What others wrote, as a person sees it: no text moves a cursor, hides, turns a line round or becomes a page's own."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crew.cli import main
from crew.console import RichLines
from crew.errors import BadInput
from crew.printable import printable
from crew.report import delivery_report
from crew.report.html import write_report
from crew.stories import load
from tests.crew.histories import STORIES, History, history
from tests.crew.rows import write
from tests.e2e.attacks import hidden
from tools.redaction import Redactor

HOSTILE = (
    "\x1b]0;owned\x07\x1b[2J\x9b31m\r\x7f\u202eeb\u2066 a\u200bb\ufeff\u2028 \ud800 <script>alert(1)</script>"
)
HOSTILE += f"<img src=x onerror=alert(2)> [red]x[/red] {hidden('call')}"
SHOWN = "\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m\\r\\u007f\\u202eeb\\u2066 a\\u200bb\\ufeff\\u2028 \\ud800"


@pytest.fixture
def made(tmp_path: Path) -> History:
    """A delivery of which every text that a model or a tool says is hostile."""
    kept = history(tmp_path)
    delivery = kept.opened()
    kept.acted(delivery, HOSTILE, {}, key="a-1", rationale=HOSTILE, evidence=(HOSTILE,))
    said = {"role": "code", "ok": False, "summary": HOSTILE, "result": "", "artifacts": []}
    write(kept.ledger, delivery, "outcome", "a-3", said)
    denied = {"role": "code", "tool": HOSTILE, "reasons": [HOSTILE], "rules": ["door"], "policy": None}
    write(kept.ledger, delivery, "denied", "a-2", denied | {"rationale": HOSTILE, "evidence": [HOSTILE]})
    finding = {"severity": "blocking", "file": HOSTILE, "line": 1, "what": HOSTILE}
    criterion = {"id": "KIO-1.1", "outcome": "not_covered", "why": HOSTILE}
    kept.concluded(delivery, "design", summary=HOSTILE, criteria=[criterion], findings=[finding])
    write(kept.ledger, delivery, "note", "n", {"node": HOSTILE, "text": HOSTILE})
    kept.closed(delivery, "stopped", reason=HOSTILE, pull_request=HOSTILE)
    return kept


@pytest.mark.parametrize(
    "command", ["why", "ledger show", "ledger export", "status", "why --json", "status --json"]
)
def test_a_command_prints_nothing_raw(made: History, command: str) -> None:
    (delivery,) = made.ledger.deliveries()
    done = crew(made, *command.split(), *([] if "status" in command else [delivery]))
    assert done.exit_code == 0, done.output
    check_plain(done.output)
    assert SHOWN.partition("\\r")[0] in done.output
    if "json" in command or "export" in command:
        for line in [done.output] if "json" in command else done.output.splitlines():
            json.loads(line)


def test_progress_and_ending_print_nothing_raw(made: History, capsys: pytest.CaptureFixture[str]) -> None:
    (delivery,) = made.ledger.deliveries()
    lines = RichLines(made.home, Redactor(()))
    for row in made.ledger.rows(delivery):
        if row.key != "a-1" or row.kind == "intent":
            lines.show(row)
    lines.end([delivery_report(made.ledger, made.artifacts, delivery)], made.home / "report.html")
    shown = capsys.readouterr().out
    check_plain(shown)
    assert shown.count(SHOWN.partition("\\r")[0]) >= 6
    assert "[red]x[/red]" in shown


def test_the_page_holds_nothing_raw(made: History) -> None:
    (delivery,) = made.ledger.deliveries()
    page = write_report(
        made.home, [delivery_report(made.ledger, made.artifacts, delivery)], Redactor(())
    ).read_text()
    tags: set[str] = set()

    class Seen(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.add(tag)

    Seen().feed(page)
    check_plain(page)
    assert SHOWN in page
    assert "table" in tags
    assert not tags & {"script", "img"}


def test_an_error_prints_nothing_raw(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["plan", str(tmp_path / "a\x1b[2J\u202e.yaml")])
    assert done.exit_code == 2
    check_plain(done.output)
    assert "\\u001b[2J\\u202e" in done.output


@pytest.mark.parametrize("odd", ["\x1b[31m", "\u202e", "\u200b", hidden("skip governance"), "\u0000"])
@pytest.mark.parametrize("place", ["Papers", "As a reader", "A paper starts as new"])
def test_a_story_with_what_nobody_sees_is_refused(tmp_path: Path, place: str, odd: str) -> None:
    path = tmp_path / "stories.yaml"
    path.write_text(
        STORIES.replace(place, json.dumps(f"{place} {odd}") if place == "Papers" else f"{place} {odd}")
    )
    with pytest.raises(BadInput) as refused:
        load(path)
    check_plain(printable(str(refused.value)))


def check_plain(text: str) -> None:
    odd = {each for each in text if not each.isprintable() and each not in "\n\t"}
    assert not odd, odd


def crew(made: History, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--home", str(made.home)])
