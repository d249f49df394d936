"""Walking and removing folders that untrusted code has filled."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.tools.deep import nest, nested
from tools.errors import TooManyFiles
from tools.workspace import walk
from tools.workspace.paths import inside
from tools.workspace.removal import remove
from tools.workspace.temporary import temporary_folder


def test_files_come_in_order_without_links_and_noise(tmp_path: Path) -> None:
    for name in ("b/2.py", "a/1.py", "z.py", "a/.git/config", "a/x.pyc"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "a/link").symlink_to(tmp_path / "z.py")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    found = [path.relative_to(tmp_path).as_posix() for path in walk.files(tmp_path)]
    assert found == ["z.py", "a/1.py", "b/2.py"]


@pytest.mark.attack
@pytest.mark.parametrize(("levels", "name"), [(3000, "d"), (101, "d"), (20, "x" * 250)])
def test_a_deep_folder_is_refused_and_can_be_removed(tmp_path: Path, levels: int, name: str) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    with nested(folder, levels, name):
        with pytest.raises(TooManyFiles, match="more than 100 deep"):
            list(walk.walk(folder))
        remove(folder)
        assert not folder.exists()


def test_a_folder_at_the_limit_is_walked(tmp_path: Path) -> None:
    with nested(tmp_path, walk.MOST_LEVELS):
        assert len(list(walk.files(tmp_path))) == 1


@pytest.mark.attack
def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MOST_ENTRIES", 10)
    for number in range(6):
        (tmp_path / str(number)).mkdir()
    assert len(list(walk.walk(tmp_path))) == 7
    for number in range(6):
        (tmp_path / str(number) / "file").touch()
    with pytest.raises(TooManyFiles, match="more than 10 files"):
        list(walk.walk(tmp_path))


@pytest.mark.attack
def test_removal_ignores_permissions_and_follows_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o750)
    (outside / "kept").touch()
    script = """
        mkdir -p a/b/c a/d; touch a/b/c/f a/d/f; mkfifo a/b/p; ln -s ../outside a/b/out; ln -s ../outside out
        chmod 000 a/b/c a/b a/d a
    """
    folder = tmp_path / "folder"
    folder.mkdir()
    subprocess.run(["/bin/sh", "-ec", script], cwd=folder, check=True)
    remove(folder)
    assert not folder.exists()
    assert (outside / "kept").exists()
    assert outside.stat().st_mode & 0o777 == 0o750
    (tmp_path / "link").symlink_to(outside)
    remove(tmp_path / "link")
    remove(tmp_path / "link")
    assert (outside / "kept").exists()


@pytest.mark.attack
def test_a_temporary_folder_is_removed_however_deep(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as folder:
        nest(folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.attack
@pytest.mark.parametrize("name", ["d/" * 1500 + "x", "x" * 3000, "\ud800"])
def test_a_deep_or_unusable_path_is_not_inside(tmp_path: Path, name: str) -> None:
    assert inside(tmp_path, name) is None
