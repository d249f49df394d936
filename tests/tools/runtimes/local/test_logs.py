from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from tools.runtimes.local import logs
from tools.runtimes.local.logs import ServiceLog, prune

MARK = "[redacted: secret of the service]"


def written(tmp_path: Path, *pieces: bytes, secrets: dict[str, str] | None = None) -> ServiceLog:
    hidden = {name: SecretStr(value) for name, value in (secrets or {}).items()}
    log = ServiceLog(tmp_path / "service.log", tmp_path / "pipe", hidden)
    log.open()
    with (tmp_path / "pipe").open("wb", buffering=0) as pipe:
        log.follow()
        for piece in pieces:
            pipe.write(piece)
    log.close()
    return log


def test_what_is_written_is_in_the_log(tmp_path: Path) -> None:
    log = written(tmp_path, b"one\ntw", b"o\n", b"no newline")
    assert log.file.read_text() == "one\ntwo\nno newline"
    assert log.tail() == "one\ntwo\nno newline"
    assert not (tmp_path / "pipe").exists()


def test_a_second_run_continues_the_log(tmp_path: Path) -> None:
    written(tmp_path, b"one\n")
    log = written(tmp_path, b"two\n")
    assert log.file.read_text() == "one\ntwo\n"
    assert log.tail() == "two"


def test_a_log_stays_within_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 10_000)
    log = written(tmp_path, *[b"%06d %s\n" % (number, b"x" * 90) for number in range(2000)])
    older = tmp_path / "service.log.1"
    together = older.read_text() + (log.file.read_text() if log.file.exists() else "")
    assert len(together) < 2 * (10_000 + logs.LINE_BYTES + 100)
    assert together.splitlines()[-1].startswith("001999 ")
    assert {path.name for path in tmp_path.iterdir()} <= {"service.log", "service.log.1"}


def test_secrets_are_blotted_out_wherever_the_pieces_are_cut(tmp_path: Path) -> None:
    key = "-----BEGIN KEY-----\nabcdefgh\n-----END KEY-----"
    pieces = [b"token=hush-", b"hush-4711 and\n", b"-----BEGIN KEY-----\nabcd", b"efgh\n"]
    log = written(tmp_path, *pieces, secrets={"TOKEN": "hush-hush-4711", "KEY": key, "SHORT": "an"})
    assert log.file.read_text() == f"token={MARK} and\n{MARK}\n{MARK}\n"
    assert "hush" not in log.tail()


def test_a_secret_within_another_is_blotted_out_whole(tmp_path: Path) -> None:
    log = written(tmp_path, b"abcdefgh\n", secrets={"A": "abcd", "B": "abcdefgh"})
    assert log.file.read_text() == f"{MARK}\n"


def test_the_tail_is_short(tmp_path: Path) -> None:
    log = written(tmp_path, b"x" * 300_000 + b"\n", *[b"line %d\n" % number for number in range(100)])
    lines = log.tail().splitlines()
    assert lines[-1] == "line 99"
    assert len(lines) == logs.TAIL_LINES
    assert len(written(tmp_path, b"y" * 300_000).tail()) <= logs.TAIL_LINES * (logs.TAIL_LINE_BYTES + 1)


def test_a_log_that_was_never_written_to_is_closed_twice(tmp_path: Path) -> None:
    log = ServiceLog(tmp_path / "service.log", tmp_path / "pipe", {})
    log.open()
    log.close()
    log.close()
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_logs_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "KEPT_FILES", 2)
    for age, name in enumerate(("new.log", "newer.log.1", "old.log", "older.log")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    prune(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"new.log", "newer.log.1"}
