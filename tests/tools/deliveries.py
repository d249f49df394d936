"""A delivery's workbench on a real repository, whatever files that has."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crew.app import cache_folder
from crew.records.artifacts import ArtifactStore
from tools.catalogue.repository import OpenRepository, open_repository
from tools.redaction import Redactor
from tools.result import Workbench
from tools.sandbox import choose

PERSON = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org"}
PERSON |= {name.replace("AUTHOR", "COMMITTER"): text for name, text in PERSON.items()}
DELIVERY = "fix-1-abc123"


def git(folder: Path, *arguments: str) -> str:
    """Run git as a person would."""
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | PERSON)
    return done.stdout


def put(folder: Path, files: dict[str, str | bytes]) -> None:
    """Write files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def delivery(tmp_path: Path, files: dict[str, str | bytes], **changes: Any) -> Workbench:
    """Open a delivery to a new repository whose main branch holds these files."""
    folder = tmp_path / "shop"
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    put(folder, files)
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", "Start")
    home = tmp_path / "home"
    home.mkdir()
    nothing: Any = None
    given = {
        "delivery": DELIVERY,
        "service": "shop",
        "story": "FIX-1",
        "stack": "fastapi",
        "when": datetime(2026, 1, 2, tzinfo=UTC),
        "repository": folder,
        "workspace": home / "work" / DELIVERY,
        "home": home,
        "artifacts": ArtifactStore(home / "artifacts", Redactor(())),
        "redact": Redactor(()),
        "sandbox": choose(),
        "runtime": nothing,
        "cache": cache_folder(),
        "ledger_head": lambda: "",
        "role": "code",
        "action": "a-1",
    }
    bench = Workbench(**given | changes)
    open_repository(bench, OpenRepository(story="FIX-1"))
    return bench
