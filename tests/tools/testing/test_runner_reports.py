from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tools.sandbox import Completed
from tools.testing.runner_reports import BrokenReport, RunEnd, read_ends, read_log, read_run

DONE = Completed(ending="exited", exit_code=0, stdout="", stderr="", seconds=1.0)


def lines(*records: dict[str, object]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.parametrize(
    "text",
    [
        "not json\n",
        "[]\n",
        '{"kind": "unknown"}\n',
        '{"kind": "test", "id": 5}\n',
        '{"kind": "test", "id": "a", "outcome": "splendid"}\n',
        '{"kind": "test", "id": "a", "outcome": "passed", "more": 1}\n',
        '{"kind": "finished", "exit": "many"}\n',
        "[" * 100_000 + "\n",
        "\0\n",
    ],
)
def test_what_is_no_report(tmp_path: Path, text: str) -> None:
    (tmp_path / "first.jsonl").write_text(text)
    with pytest.raises(BrokenReport):
        read_run(tmp_path, "first")


def test_reports_that_are_no_plain_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(lines({"kind": "finished", "exit": 0}))
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    for name in ("link", "pipe", "folder", "missing"):
        with pytest.raises(BrokenReport):
            read_run(tmp_path, name)
        assert read_log(tmp_path, name) == ""


def test_a_report_without_end(tmp_path: Path) -> None:
    with (tmp_path / "first.jsonl").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(BrokenReport, match="not a plain file of at most"):
        read_run(tmp_path, "first")


@pytest.mark.parametrize("text", ["", "[]", '{"first": {}}', '{"first": {"exit": "0"}}', '{"first": 1}'])
def test_ends_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "runs.json").write_text(text)
    with pytest.raises(BrokenReport):
        read_ends(tmp_path, DONE)


PASSED = {"kind": "test", "id": "a", "outcome": "passed"}
FAILED = {"kind": "test", "id": "a", "outcome": "failed"}
COLLECTED = {"kind": "collected", "id": "a"}


@pytest.mark.parametrize(
    ("records", "exit_code", "believed"),
    [
        ([COLLECTED, PASSED, {"kind": "finished", "exit": 0}], 0, True),
        ([COLLECTED, FAILED, {"kind": "finished", "exit": 1}], 1, True),
        ([COLLECTED, COLLECTED, PASSED, PASSED, {"kind": "finished", "exit": 0}], 0, True),
        ([COLLECTED, COLLECTED, FAILED, PASSED, {"kind": "finished", "exit": 1}], 1, True),
        ([COLLECTED, COLLECTED, FAILED, PASSED, {"kind": "finished", "exit": 0}], 0, False),
        ([COLLECTED, COLLECTED, PASSED, {"kind": "finished", "exit": 0}], 0, False),
        ([COLLECTED, PASSED, PASSED, {"kind": "finished", "exit": 0}], 0, False),
        ([COLLECTED, PASSED, {"kind": "finished", "exit": 0}], 1, False),
        ([COLLECTED, FAILED, {"kind": "finished", "exit": 0}], 0, False),
        ([COLLECTED, PASSED, {"kind": "finished", "exit": 1}], 1, False),
        ([COLLECTED, PASSED, {"kind": "finished", "exit": 1}], 0, False),
        ([COLLECTED, {"kind": "finished", "exit": 0}], 0, False),
        ([{"kind": "finished", "exit": 0}], 0, False),
        ([{"kind": "finished", "exit": 5}], 5, False),
        ([COLLECTED, PASSED], 0, False),
        ([COLLECTED, PASSED, PASSED, {"kind": "finished", "exit": 0}], 0, False),
        ([COLLECTED, PASSED, {"kind": "finished", "exit": 2}], 2, False),
        ([COLLECTED, PASSED, {"kind": "finished", "exit": -11}], -11, False),
    ],
)
def test_reports_against_exit_codes(
    tmp_path: Path, records: list[dict[str, object]], exit_code: int, believed: bool
) -> None:
    (tmp_path / "first.jsonl").write_text(lines(*records))
    end = RunEnd(exit=exit_code, seconds=1.0, timed_out=False)
    assert (read_run(tmp_path, "first").contradiction(end) is None) is believed


def test_time_that_ran_out_is_never_a_success(tmp_path: Path) -> None:
    (tmp_path / "first.jsonl").write_text(lines(COLLECTED, PASSED, {"kind": "finished", "exit": 0}))
    end = RunEnd(exit=0, seconds=5.0, timed_out=True)
    assert "did not finish" in str(read_run(tmp_path, "first").contradiction(end))
