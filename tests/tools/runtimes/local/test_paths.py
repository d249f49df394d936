from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.errors import PlatformError
from tools.runtimes.local.paths import LONGEST_FOLDER, own_folder, platform_paths, runtime_folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An XDG_RUNTIME_DIR with a short name."""
    with tempfile.TemporaryDirectory(prefix="x") as name:
        folder = Path(name).resolve()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
        yield folder


def test_the_runtime_folder_is_short_private_and_the_homes_own(session: Path) -> None:
    one, two = runtime_folder(Path("/home/ada/.crew")), runtime_folder(Path("/home/ada/other"))

    assert one == runtime_folder(Path("/home/ada/.crew"))
    assert one != two
    assert one.parent == session / "shipcrew"
    assert (mode(one), mode(one.parent)) == (0o700, 0o700)


@pytest.mark.parametrize("given", ["", "/nowhere/at/all"], ids=["unset", "missing"])
def test_without_a_session_folder_it_is_under_tmp(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", given)
    folder = runtime_folder(Path("/home/ada/.crew"))
    assert folder.parent == Path(f"/tmp/shipcrew-{os.getuid()}").resolve()
    folder.rmdir()


def test_a_session_folder_with_a_long_name_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * LONGEST_FOLDER)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    folder = runtime_folder(Path("/home/ada/.crew"))
    assert len(str(folder)) <= LONGEST_FOLDER
    folder.rmdir()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_session_folder_of_somebody_else_is_not_used(session: Path) -> None:
    os.chown(session, 12345, 12345)
    folder = runtime_folder(Path("/home/ada/.crew"))
    assert session not in folder.parents
    folder.rmdir()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_runtime_folder_of_somebody_else_is_refused(session: Path) -> None:
    os.chown(runtime_folder(Path("/home/ada/.crew")), 12345, 12345)
    with pytest.raises(PlatformError, match=r"belongs to another user \(uid 12345\)"):
        runtime_folder(Path("/home/ada/.crew"))


def test_a_planted_link_is_refused(session: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (session / "shipcrew").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PlatformError, match="is not a folder"):
        runtime_folder(Path("/home/ada/.crew"))


def test_an_open_folder_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    own_folder(tmp_path)
    assert mode(tmp_path) == 0o700


def test_a_home_is_the_same_however_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    assert platform_paths(Path("link")) == platform_paths(Path("home")) == platform_paths(tmp_path / "home")


def test_the_lasting_folder_is_private(tmp_path: Path) -> None:
    home = platform_paths(tmp_path / "home")
    home.prepare()
    assert mode(home.folder) == 0o700


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(PlatformError, match="home"):
        platform_paths(tmp_path / "home").prepare()
