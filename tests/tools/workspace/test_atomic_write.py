from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.workspace.atomic_write import write_atomically


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "note"
    path.write_text("old")
    write_atomically(path, "ü", mode=0o640)
    assert (path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777) == ("ü", 0o640)
    write_atomically(path, b"\xff")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"\xff", 0o600)
    assert [*tmp_path.iterdir()] == [path]


def test_a_failed_write_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "note"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [*tmp_path.iterdir()] == [path]
