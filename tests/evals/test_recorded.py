"""The table of a recording counts every call once, and says what it does not know."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from crew.models.recordings.normalise import normalised
from crew.models.recordings.record import Recorder
from crew.records.canonical_json import canonical
from crew.settings.config import Price
from evals.recorded import main, markdown, summary
from tests.crew.models.conversations import ONE, TOOLS, opening
from tools.redaction import Redactor


def reply(text: str, tokens: tuple[int, int] | None, **about: Any) -> AIMessage:
    used = tokens and {"input_tokens": tokens[0], "output_tokens": tokens[1], "total_tokens": sum(tokens)}
    return AIMessage(text, usage_metadata=used, response_metadata={"model_name": "gpt-9"} | about)


def record(folder: Path, prices: dict[str, Price] | None) -> None:
    keeper = Recorder(
        folder,
        title="T",
        model="openai:gpt-9",
        made="By hand.",
        today=date(2026, 1, 2),
        prices=prices,
        redact=Redactor(()),
    )
    keeper.keep(opening(ONE, role="design"), TOOLS, {}, reply("a", (1_000, 100)), 1)
    keeper.keep_error(opening(ONE, role="code"), TOOLS, {}, "ContextOverflow", 1)
    keeper.keep(opening(ONE, role="code", visit=2), TOOLS, {}, reply("b", (3_000, 50), estimated=True), 1)


def test_rows(tmp_path: Path) -> None:
    record(tmp_path, {"gpt-9": Price(input=2, output=8)})
    rows = summary(tmp_path)
    assert [
        (each.role, each.calls, each.prompt_tokens, each.completion_tokens, each.estimated) for each in rows
    ] == [
        ("design", 1, 1_000, 100, False),
        ("code", 2, 3_000, 50, True),
        ("all", 3, 4_000, 150, True),
    ]
    assert [each.money for each in rows] == [0.0028, 0.0064, 0.0092]
    size = len(canonical([normalised(opening(ONE, role="design"), redact=Redactor(())).messages, TOOLS]))
    assert rows[0].largest_request == size
    assert rows[2].calls == 3


@pytest.mark.parametrize("prices", [None, {"another": Price(input=1, output=1)}])
def test_money_that_is_not_known_is_not_made_up(tmp_path: Path, prices: Any, capsys: Any) -> None:
    record(tmp_path, prices)
    assert [each.money for each in summary(tmp_path)] == [None] * 3
    main([str(tmp_path)])
    said = capsys.readouterr().out
    assert said.startswith("T: openai:gpt-9, 2026-01-02. By hand.\n")
    assert "| code | 2 | ~3,000 | ~50 |" in said
    assert "not known" in said


def test_tokens_that_nobody_counted_are_marked(tmp_path: Path) -> None:
    keeper = Recorder(
        tmp_path, title="T", model="m", made="By hand.", today=date(2026, 1, 2), redact=Redactor(())
    )
    keeper.keep(opening(ONE), TOOLS, {}, reply("a", None), 1)
    assert summary(tmp_path)[0].estimated
    assert "| testing | 1 | ~0 | ~0 |" in markdown(summary(tmp_path))


def test_the_readme_of_the_recordings_has_their_tables() -> None:
    from evals.recorded import RECORDINGS, with_tables

    page = (RECORDINGS / "README.md").read_text()
    assert page == with_tables(page), "make docs"
