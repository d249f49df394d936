"""What a command may be told, and what becomes of errors that nobody foresaw."""

from __future__ import annotations

from pathlib import Path

import pytest

from crew.app import SANDBOXES, prepared
from crew.commands.crash_report import crash_error
from crew.errors import BadInput, LeaseTaken
from crew.records.lease import lease
from tools.errors import SandboxUnavailable
from tools.sandbox import choose


def test_the_sandboxes_that_may_be_named_are_those_there_are() -> None:
    with pytest.raises(SandboxUnavailable, match=f"valid: {', '.join(SANDBOXES)}"):
        choose("glass")


def test_a_home_is_for_its_owner_only(tmp_path: Path) -> None:
    home = prepared(tmp_path / "home")
    assert home.stat().st_mode & 0o077 == 0
    assert (home / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("place", ["file", "file/home", "/proc/home"])
def test_a_place_for_no_home_is_bad_input(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be used as the home"):
        prepared(tmp_path / place)


def fail() -> ZeroDivisionError:
    """Return an error that was raised."""
    try:
        1 // 0  # noqa: B018
    except ZeroDivisionError as error:
        return error


def test_an_unforeseen_error_is_one_line_and_its_traceback_a_file(tmp_path: Path) -> None:
    said = str(crash_error(fail(), tmp_path, "crew resume"))
    (kept,) = (tmp_path / "logs").iterdir()
    assert said == (
        f"Internal error: ZeroDivisionError: integer division or modulo by zero. The traceback is in {kept}."
    )
    assert "in fail" in kept.read_text()


def test_without_a_home_the_traceback_is_kept_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for home in (None, tmp_path / "missing"):
        assert str(tmp_path) in str(crash_error(fail(), home, ""))
    assert len(list(tmp_path.iterdir())) == 2


def test_one_process_owns_a_delivery(tmp_path: Path) -> None:
    with lease(tmp_path, "d"):
        with lease(tmp_path, "e"):
            pass
        with pytest.raises(LeaseTaken, match="is working on d"), lease(tmp_path, "d"):
            pytest.fail("two have it")
    with lease(tmp_path, "d"):
        pass


def test_what_blocks_inside_a_lease_is_not_taken_for_the_lease(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError), lease(tmp_path, "d"):
        raise BlockingIOError
