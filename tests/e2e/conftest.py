"""Whole deliveries in temporary homes, run by the real command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

STORIES = """\
service: kiosk
stories:
  - id: KIO-1
    title: Papers
    story: As a reader, I want to buy a paper, so that I know what is new.
    acceptance:
      - A paper has a title (text, up to 80 characters) and a price (money, at least 0).
      - A paper starts as new.
      - A paper goes from new to sold when it is sold.
"""
GROWTH = """\
service: kiosk
stories:
  - id: KIO-2
    title: Pages
    acceptance:
      - A paper also has a page count (integer, 1 to 200, optional).
"""
HAND_EDIT = "Ada keeps an eye on this file."
EDITED = "app/schemas/paper.py"
"""A generated file, which the next story changes too, elsewhere."""

PERSON = {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org"}


@dataclass(frozen=True)
class Kiosk:
    """A story file with its home and its repository."""

    folder: Path

    @property
    def home(self) -> Path:
        """Where the crew keeps everything."""
        return self.folder / ".crew"

    @property
    def repository(self) -> Path:
        """The service's repository."""
        return self.folder / "kiosk"

    def write(self, text: str, name: str = "stories.yaml") -> Path:
        """Write a story file and return its path."""
        path = self.folder / name
        path.write_text(text)
        return path

    def start(
        self, *arguments: str, program: tuple[str, ...] = ("-m", "crew"), **environment: str
    ) -> subprocess.Popen[str]:
        """Start a command of the crew in this folder."""
        return subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=self.folder,
            env=os.environ | PERSON | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def crew(self, *arguments: str, expect: int | None = 0, **environment: str) -> str:
        """Run a command of the crew to its end and return what it printed."""
        with self.start(*arguments, **environment) as process:
            out, err = process.communicate(timeout=500)
        if expect is not None:
            assert process.returncode == expect, (
                f"{arguments}: exit {process.returncode}\n{out[-3000:]}\n{err[-3000:]}"
            )
        return out + err

    def run(self, *arguments: str, expect: int = 0) -> list[dict[str, Any]]:
        """Deliver the stories and return what the last line says of each."""
        out = self.crew("run", *arguments, "--json", expect=expect)
        ended = json.loads([line for line in out.splitlines() if '"run.finished"' in line][-1])
        return list(ended["deliveries"])

    def git(self, *arguments: str) -> str:
        """Ask the repository something."""
        command = ["git", "-C", str(self.repository), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=os.environ | PERSON
        ).stdout.strip()

    def processes(self) -> list[str]:
        """Return the command lines of processes that have to do with this folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                place = str((entry / "cwd").readlink())
            except OSError:
                continue
            if str(self.folder) in line or place.startswith(str(self.folder)):
                found.append(f"{entry.name} {line}")
        return found


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kiosk]:
    """The kiosk's story, delivered without disturbance; tests only look at it."""
    kiosk = Kiosk(tmp_path_factory.mktemp("delivered").resolve())
    (ended,) = kiosk.run(str(kiosk.write(STORIES)))
    assert ended["status"] == "delivered", ended
    yield kiosk
    kiosk.crew("down", expect=None)


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Kiosk]:
    """An empty folder; whatever runs there is ended afterwards."""
    made = Kiosk(tmp_path.resolve())
    yield made
    if (made.home / "ledger.db").exists():
        made.crew("down", expect=None)


@pytest.fixture(scope="session")
def grown(delivered: Kiosk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kiosk]:
    """A fresh clone of the kiosk, with a hand edit and a hostile configuration, after its next story."""
    kiosk = Kiosk(tmp_path_factory.mktemp("grown").resolve())
    clone(delivered, kiosk)
    edit(kiosk, EDITED, "and of their responses.", f"and of their responses.\n\n{HAND_EDIT}\n")
    entrap(kiosk)
    (ended,) = kiosk.run(str(kiosk.write(GROWTH)))
    # Tests ask git about the repository; the trap is for the crew.
    sprung = "".join(f"{each.name}\n" for each in kiosk.folder.glob("canary*"))
    (kiosk.folder / "sprung.txt").write_text(sprung)
    (kiosk.repository / ".git" / "config").rename(kiosk.folder / "trapped-config")
    kiosk.git("config", "core.bare", "false")
    assert ended["status"] == "delivered", ended
    yield kiosk
    kiosk.crew("down", expect=None)


def clone(source: Kiosk, target: Kiosk) -> None:
    """Clone a repository like somebody who has only that; the home stays behind."""
    command = ["git", "clone", "--quiet", "--no-hardlinks", str(source.repository), str(target.repository)]
    subprocess.run(command, check=True, capture_output=True)


def edit(kiosk: Kiosk, path: str, old: str, new: str) -> None:
    """Change a file by hand and commit it."""
    file = kiosk.repository / path
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    file.write_text(text.replace(old, new))
    kiosk.git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "-am", "Edit")


def entrap(kiosk: Kiosk) -> None:
    """Let a repository's configuration, hooks and attributes name a command wherever git would run one."""
    trap = kiosk.folder / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {kiosk.folder}/canary-$(basename $0)\ncat\nexit 1\n")
    trap.chmod(0o755)
    folder = kiosk.repository / ".git"
    for name in ("pre-commit", "post-commit", "commit-msg", "post-checkout", "post-merge", "pre-merge-commit",
                 "reference-transaction", "post-rewrite", "post-index-change", "fsmonitor-watchman"):  # fmt: skip
        shutil.copy(trap, folder / "hooks" / name)
    settings = {
        "core.fsmonitor": str(trap), "core.hooksPath": str(folder / "hooks"), "core.sshCommand": str(trap),
        "core.editor": str(trap), "core.pager": str(trap), "diff.external": str(trap), "gpg.program": str(trap),
        "commit.gpgSign": "true", "filter.trap.clean": str(trap), "filter.trap.smudge": str(trap),
        "filter.trap.process": str(trap), "merge.trap.driver": f"{trap} %A", "diff.trap.textconv": str(trap),
        "credential.helper": f"!{trap}", "alias.status": f"!{trap}",
    }  # fmt: skip
    for name, value in settings.items():
        kiosk.git("config", name, value)
    (folder / "info" / "attributes").write_text("* filter=trap merge=trap diff=trap\n")
    # What git itself did while this was set up is not the crew's.
    for each in kiosk.folder.glob("canary*"):
        each.unlink()
