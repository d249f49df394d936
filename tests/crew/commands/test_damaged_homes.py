"""Homes that were damaged: what is wrong is named with the command that fixes it, and that command works."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from crew.cli import main
from tests.crew.models.server import Status, serving
from tests.crew.models.wired import KEY
from tests.e2e.conftest import PERSON, STORIES

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Home:
    """A home in which a delivery has stopped, since its model refused."""

    folder: Path
    server: str

    @property
    def path(self) -> Path:
        """The home itself."""
        return self.folder / ".crew"

    @property
    def delivery(self) -> str:
        """The delivery that stopped."""
        (lease,) = (self.path / "leases").glob("kio-*.lock")
        return lease.stem

    def crew(self, *arguments: str, expect: int, before: str = "") -> str:
        """Run a command in the home's folder; after a shell command in a mount namespace, if one is given."""
        environment = PERSON | {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": self.server}
        with chdir(self.folder):
            if before:
                script = ["unshare", "--mount", "sh", "-c", f'{before} && exec "$@"', "sh"]
                command = [*script, sys.executable, "-m", "crew", *arguments]
                done = subprocess.run(
                    command, env=os.environ | environment, capture_output=True, text=True, timeout=200
                )
                code, printed = done.returncode, done.stdout + done.stderr
            else:
                invoked = CliRunner().invoke(main, [*arguments], env=environment)
                code, printed = invoked.exit_code, invoked.output
        assert code == expect, printed
        assert "Traceback (most" not in printed
        return printed

    def resumes(self) -> None:
        """Fail unless the delivery is continued until its model refuses again."""
        said = self.crew("resume", self.delivery, expect=1)
        assert "tries again, with another model" in said, said
        assert "Internal error" not in said


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The home before anything happens to it."""
    with serving(lambda body: Status(401, "No.")) as server:
        home = Home(tmp_path_factory.mktemp("whole") / "kept", server.url)
        home.folder.mkdir()
        (home.folder / "stories.yaml").write_text(STORIES)
        (home.folder / "crew.toml").write_text("[model]\nattempts = 1\n")
        home.crew("run", "stories.yaml", "--model", "openai:m", expect=1)
        home = Home(home.folder.rename(home.folder.with_name("moved")), home.server)
        yield home


@pytest.fixture
def home(whole: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy where the records say the repository is, to be damaged."""
    original = whole.folder.with_name("kept")
    shutil.copytree(whole.folder, original, symlinks=True)
    yield Home(original, whole.server)
    shutil.rmtree(original)


def test_an_undamaged_home_is_continued(home: Home) -> None:
    home.resumes()
    assert "no row was changed or removed" in home.crew("ledger", "verify", expect=0)


@pytest.mark.parametrize("content", [b"not a database\n" * 900, b"SQLite format 3\0" + b"\xff" * 9000])
def test_damaged_checkpoints_are_set_aside_and_replayed(home: Home, content: bytes) -> None:
    for path in home.path.glob("checkpoints.db*"):
        path.unlink()
    (home.path / "checkpoints.db").write_bytes(content)
    said = home.crew("resume", expect=1)
    assert "checkpoints.db is damaged" in said
    assert "Nothing is lost" not in said
    (fix,) = set(re.findall(r"`(mv [^`]*)`", said))
    subprocess.run(shlex.split(fix), check=True)
    home.resumes()


def test_bytes_changed_within_a_checkpoint_are_named(home: Home) -> None:
    connection = sqlite3.connect(home.path / "checkpoints.db")
    connection.execute("UPDATE checkpoints SET checkpoint = x'c1c1c1c1'")
    connection.commit()
    connection.close()
    said = home.crew("resume", expect=1)
    assert "checkpoints.db is damaged" in said
    assert "are intact" not in said
    subprocess.run(shlex.split(re.findall(r"`(mv [^`]*)`", said)[0]), check=True)
    home.resumes()


@pytest.mark.parametrize("harm", ["emptied", "removed"])
def test_lost_checkpoints_are_replayed_from_the_ledger(home: Home, harm: str) -> None:
    for path in home.path.glob("checkpoints.db*"):
        path.unlink()
    if harm == "emptied":
        (home.path / "checkpoints.db").touch()
    home.resumes()


@pytest.mark.parametrize("content", [b"", b"l-0000000000000000\n", b"\xff\xfe", None])
def test_a_damaged_ledger_id_is_restored_by_the_command_that_is_printed(
    home: Home, content: bytes | None
) -> None:
    path = home.path / "ledger.id"
    before = path.read_text()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    for command in (("resume",), ("ledger", "verify")):
        said = home.crew(*command, expect=1)
        assert "ledger.id" in said
        assert "Nothing is lost" not in said
    subprocess.run(["sh", "-c", re.findall(r"`(echo [^`]*)`", said)[0]], check=True)
    assert path.read_text() == before
    assert "no row was changed or removed" in home.crew("ledger", "verify", expect=0)


@pytest.mark.parametrize("harm", ["changed", "removed"])
def test_a_damaged_artifact_is_named_before_anything_is_done(home: Home, harm: str) -> None:
    rows = [json.loads(line) for line in home.crew("ledger", "export", expect=0).splitlines()]
    digest = rows[0]["body"]["artifacts"][0].removeprefix("sha256:")
    path = home.path / "artifacts" / digest[:2] / digest[2:]
    path.unlink()
    if harm == "changed":
        path.write_text("{}")
    said = home.crew("resume", expect=1)
    assert (
        f"The records of {home.delivery} are damaged: row 1 names an artifact that is gone or changed" in said
    )
    assert len(home.crew("ledger", "export", expect=0).splitlines()) == len(rows)
    abandon = re.findall(r"`crew (abandon [^`]*)`", said)[0]
    assert "stopped" in home.crew(*shlex.split(abandon), expect=0)


@pytest.mark.parametrize(("harm", "command"), [
    ("emptied", ("resume",)), ("emptied", ("status",)), ("emptied", ("run", "stories.yaml")),
    ("emptied", ("ledger", "verify")), ("recreated", ("resume",)), ("rows deleted", ("resume",)),
    ("rows deleted", ("ledger", "verify")),
])  # fmt: skip
def test_an_empty_ledger_is_damage_and_not_the_end(home: Home, harm: str, command: tuple[str, ...]) -> None:
    delivery, path = home.delivery, home.path / "ledger.db"
    if harm == "rows deleted":
        connection = sqlite3.connect(path)
        connection.execute("DROP TRIGGER rows_are_not_deleted")
        connection.execute("DELETE FROM rows")
        connection.commit()
        connection.close()
    else:
        for each in home.path.glob("ledger.db*"):
            each.unlink()
        path.touch()
    if harm == "recreated":
        sqlite3.connect(path).executescript("CREATE TABLE other (x)")
    said = home.crew(*command, expect=1)
    assert delivery in said
    assert "Every delivery has ended" not in said
    assert "all its rows are missing" in said if "verify" in command else "ledger.db is damaged" in said


def test_an_empty_ledger_is_noticed_without_leases_too(home: Home) -> None:
    shutil.rmtree(home.path / "leases")
    for each in home.path.glob("ledger.db*"):
        each.unlink()
    (home.path / "ledger.db").touch()
    assert "it was emptied, replaced or cut" in home.crew("resume", expect=1)
    assert "all its rows are missing" in home.crew("ledger", "verify", expect=1)


@pytest.mark.parametrize("command", [("resume",), ("status",), ("ledger", "verify"), ("run", "stories.yaml")])
def test_a_ledger_that_is_damaged_within_is_named(home: Home, command: tuple[str, ...]) -> None:
    path = home.path / "ledger.db"
    sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(content)
    said = home.crew(*command, expect=1)
    assert "ledger.db is damaged. Restore it from a backup" in said
    assert "are intact" not in said


@pytest.mark.parametrize("content", [b"", b"{", b"[]"])
def test_damaged_secrets_of_a_service_are_named_and_can_be_removed(home: Home, content: bytes) -> None:
    path = home.path / "secrets" / "kiosk.json"
    path.write_bytes(content)
    said = home.crew("resume", expect=1)
    assert f"{path} is damaged" in said
    subprocess.run(shlex.split(re.findall(r"`(rm [^`]*)`", said)[0]), check=True)
    home.resumes()


def mounts() -> bool:
    """Whether this user may mount file systems."""
    command = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]
    return not subprocess.run(command, capture_output=True, check=False).returncode


needs_mounts = pytest.mark.skipif(not mounts(), reason="mounting requires root")


@needs_mounts
@pytest.mark.parametrize("command", [("resume",), ("status",), ("run", "stories.yaml"), ("ledger", "verify")])
def test_a_read_only_home_is_named(home: Home, command: tuple[str, ...]) -> None:
    quoted = shlex.quote(str(home.path))
    before = f"mount --bind {quoted} {quoted} && mount -o remount,bind,ro {quoted}"
    said = home.crew(*command, expect=2 if command[0] == "run" else 1, before=before)
    assert "ead-only file system" in said
    assert "--home FOLDER" in said
    assert "Nothing is lost" not in said


@needs_mounts
@pytest.mark.parametrize("room", ["8k", "400k"])
def test_a_full_disk_is_named(home: Home, room: str) -> None:
    quoted = shlex.quote(str(home.path))
    used = int(subprocess.run(["du", "-sk", home.path], capture_output=True, check=True).stdout.split()[0])
    size = f"{used + int(room[:-1])}k"
    before = (
        f"cp -a {quoted} {quoted}.copy && mount -t tmpfs -o size={size} none {quoted} && "
        f"cp -a {quoted}.copy/. {quoted} && (dd if=/dev/zero of={quoted}/filler bs=1k 2>/dev/null; true)"
    )
    said = home.crew("resume", expect=1, before=before)
    assert "is full. Free some space" in said, said
    assert "Nothing is lost" not in said
    home.resumes()


def test_a_crash_with_intact_records_says_that_they_were_checked(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*arguments: object, **more: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("crew.model_calls.ask", crash)
    said = home.crew("resume", expect=1)
    assert "ZeroDivisionError: a bug" in said
    assert f"were checked and are intact: `crew resume --home .crew {home.delivery}` tries again" in said
