"""Homes that released versions left behind: how one is packed, unpacked and looked at.

    python -m tests.homes.fixtures NAME HOME REPOSITORY...

packs a home and its repositories as tests/homes/NAME/. Run it with the version that wrote the home.
"""

from __future__ import annotations

import json
import lzma
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from click.testing import CliRunner

from crew.cli import main
from crew.records.artifacts import ArtifactStore
from crew.records.ledger import Ledger
from crew.report import delivery_report
from crew.report.html import render
from tools.redaction import Redactor

HERE = Path(__file__).parent
NAMES = sorted(path.parent.name for path in HERE.glob("*/home.tar.xz"))
KEPT = ("artifacts", "ledger.id", "platform/state.json")
"""What is copied besides the databases; the rest of a home is caches, or made anew."""


def unpack(name: str, folder: Path) -> Path:
    """Lay out a home and its repositories in a folder, and return the home."""
    with tarfile.open(HERE / name / "home.tar.xz") as packed:
        packed.extractall(folder, filter="data")
    for bundle in folder.glob("*.bundle"):
        repository = folder / bundle.stem
        _git("init", "--quiet", "--initial-branch=main", str(repository))
        _git("-C", str(repository), "fetch", "--quiet", "--update-head-ok", str(bundle), "refs/*:refs/*")
        _git("-C", str(repository), "reset", "--quiet", "--hard")
    return folder / "home"


def pack(name: str, home: Path, repositories: list[Path]) -> None:
    """Write a home, its repositories and what their own version says of them into this folder."""
    kept = HERE / name
    kept.mkdir(exist_ok=True)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "home" / "platform").mkdir(parents=True)
        for database in ("ledger.db", "checkpoints.db"):
            connection = sqlite3.connect(home / database)
            connection.execute("VACUUM INTO ?", (str(folder / "home" / database),))
            connection.close()
        for each in KEPT:
            copy = shutil.copytree if (home / each).is_dir() else shutil.copy
            copy(home / each, folder / "home" / each)
        for repository in repositories:
            # The main branch has the trailers, these refs the anchors; nothing else is compared.
            refs = _git("-C", str(repository), "for-each-ref", "--format=%(refname)", "refs/crew/ledger")
            bundle = folder / f"{repository.name}.bundle"
            _git("-C", str(repository), "bundle", "create", "-q", str(bundle), "main", *refs.split())
        with tarfile.open(kept / "home.tar.xz", "w:xz", preset=9 | lzma.PRESET_EXTREME) as packed:
            for path in sorted(folder.iterdir()):
                packed.add(path, path.name, filter=_anonymous)
        lines = [f"{json.dumps(name)}: {json.dumps(each)}" for name, each in facts(folder / "home").items()]
        (kept / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def facts(home: Path) -> dict[str, Any]:
    """Return what the commands and the report say of each delivery, but for their wording."""
    exported = [json.loads(line) for line in crew(home, "ledger", "export").splitlines()]
    listed = json.loads(crew(home, "status", "--json"))["deliveries"]
    return {each["id"]: _facts(home, each, exported) for each in listed}


def crew(home: Path, *arguments: str, expect: int = 0, **environment: str) -> str:
    """Run a command of the crew on a home and return what it printed."""
    done = CliRunner().invoke(main, [*arguments, "--home", str(home)], env=environment)
    assert done.exit_code == expect, f"{arguments}: exit {done.exit_code}\n{done.output}"
    return done.output


def _facts(home: Path, listed: dict[str, Any], exported: list[dict[str, Any]]) -> dict[str, Any]:
    delivery = listed["id"]
    chain = json.loads(crew(home, "why", delivery, "--json"))
    ledger = Ledger(home / "ledger.db", Redactor(()))
    report = delivery_report(ledger, ArtifactStore(home / "artifacts", Redactor(())), delivery)
    ledger.close()
    assert report.title in render([report], Redactor(()))
    same = ("story", "title", "service", "status", "pull_request", "version")
    spent = listed["spent"].values()
    return {name: listed[name] for name in same} | {
        "rows": dict(Counter(row["kind"] for row in exported if row["delivery"] == delivery)),
        "calls": sum(each["calls"] for each in spent),
        "tokens": sum(each["input_tokens"] + each["output_tokens"] for each in spent),
        "covered": [each.id for each in report.criteria if each.covered],
        "not_covered": [each.id for each in report.criteria if not each.covered],
        "tests": [len(each.tests) for each in report.criteria],
        "files": report.diff.count("\ndiff --git") + report.diff.startswith("diff --git"),
        "findings": len(report.findings),
        "notes": len(report.notes),
        "actions": [f"{each['role']} {each['tool']}" for each in chain["reasons"]],
        "failed": [each["action"] for each in chain["reasons"] if each["failed"]],
        "approved": [each["approval"] for each in chain["reasons"] if each["approval"]],
        "models": sorted({each["model"] for each in chain["reasons"]} - {""}),
        "questions": [[each["id"], each["kind"], each["by"]] for each in chain["questions"]],
    }


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    pack(sys.argv[1], Path(sys.argv[2]), [Path(each) for each in sys.argv[3:]])
