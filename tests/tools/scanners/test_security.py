"""The security scan sees all code and obeys none of it."""

from __future__ import annotations

import os
import py_compile
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.environments.install import Environment
from tools.sandbox import Completed, Job, Sandbox, StartedJob, choose
from tools.scanners import Finding, ScanReport, security

SHELL = "import subprocess\n\nsubprocess.call(command, shell=True)\n"
Scan = Callable[..., ScanReport]


@pytest.fixture(scope="module")
def toolbox() -> Environment:
    """Our own environment, which holds the same bandit: nothing is downloaded."""
    return Environment(folder=Path(sys.prefix), python=Path(sys.executable), digest="", packages=())


@pytest.fixture
def scan(tmp_path: Path, toolbox: Environment) -> Scan:
    workspace = tmp_path / "workspace"
    workspace.mkdir()

    def run(**files: str) -> ScanReport:
        for name, text in files.items():
            path = workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return security(choose(), toolbox, workspace)

    return run


def grave(report: ScanReport) -> list[tuple[str, str]]:
    return [(each.file, each.rule) for each in report.findings if each.severity == "high"]


def test_findings_say_all(scan: Scan) -> None:
    report = scan(**{"app/a.py": SHELL, "app/b.py": "x = 1\n"})

    assert report.findings[0] == Finding(
        file="app/a.py",
        line=3,
        span=(3, 3),
        rule="B602",
        what="subprocess call with shell=True identified, security issue.",
        severity="high",
        confidence="high",
    )
    assert (report.count("high"), report.count("medium")) == (1, 0)
    assert report.scanned == ("app/a.py", "app/b.py")
    assert report.skipped == ()


def test_medium_findings_are_counted_apart(scan: Scan) -> None:
    report = scan(**{"a.py": "eval(text)\n"})

    assert (report.count("high"), report.count("medium")) == (0, 1)


def test_comments_and_configuration_of_the_code_are_ignored(scan: Scan) -> None:
    report = scan(
        **{
            "a.py": SHELL.replace("True)", "True)  # nosec B602  # noqa"),
            ".bandit": "[bandit]\nskips: B602\nexclude: a.py\n",
            "sub/.bandit": "[bandit]\nskips: B602\n",
            "pyproject.toml": '[tool.bandit]\nskips = ["B602"]\nexclude_dirs = ["."]\n',
            "bandit.yaml": "skips: [B602]\n",
            "setup.cfg": "[bandit]\nskips = B602\n",
        }
    )

    assert grave(report) == [("a.py", "B602")]


HIDING = [
    ".github/x.py",
    ".tox/x.py",
    ".eggs/x.py",
    "CVS/x.py",
    "__pycache__/x.py",
    "a.egg/x.py",
    "tests/x.py",
    "migrations/versions/0001.py",
    "x.pyw",
    "-x.py",
    "a b\nc.py",
]


def test_no_name_hides_code(scan: Scan) -> None:
    assert grave(scan(**dict.fromkeys(HIDING, SHELL))) == [(name, "B602") for name in sorted(HIDING)]


def test_programs_without_an_ending_are_scanned(scan: Scan) -> None:
    report = scan(
        **{
            "bin/run": "#!/usr/bin/env python3\n" + SHELL,
            "bin/sh": "#!/bin/sh\nls\n",
            "Dockerfile": "FROM x\n",
        }
    )

    assert grave(report) == [("bin/run", "B602")]
    assert report.scanned == ("bin/run",)


def test_what_cannot_be_read_is_said(scan: Scan, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    (workspace / "ok.py").write_text("x = 1\n")
    py_compile.compile(str(workspace / "ok.py"), cfile=str(workspace / "hidden.pyc"))
    (workspace / "link.py").symlink_to("/etc/shadow")
    os.mkfifo(workspace / "notes.txt")

    report = scan(**{"broken.py": "def (:\n"})

    assert report.scanned == ("ok.py",)
    assert [each.partition(":")[0] for each in report.skipped] == ["broken.py", "hidden.pyc", "link.py"]
    assert "syntax error" in report.skipped[0]
    assert "compiled" in report.skipped[1]


@pytest.mark.attack
def test_code_that_an_encoding_hides_is_said(scan: Scan, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    (workspace / "utf7.py").write_bytes(b"# coding: utf-7\n# +AAo-import os\n")
    (workspace / "escaped.py").write_bytes(b"# coding: unicode_escape\n# \\nimport os\n")
    (workspace / "latin.py").write_bytes(b"# coding: latin-1\nx = '\xe9'\n")
    (workspace / "mark.py").write_bytes(b"\xef\xbb\xbfx = '\xc3\xa9'\n")

    report = scan()

    assert report.scanned == ("latin.py", "mark.py")
    assert [each.partition(":")[0] for each in report.skipped] == ["escaped.py", "utf7.py"]
    assert "declares an encoding" in report.skipped[0]


def test_code_of_the_workspace_is_not_run(scan: Scan) -> None:
    forged = "raise SystemExit(0)\n"
    report = scan(
        **dict.fromkeys(("bandit.py", "yaml.py", "sitecustomize.py", "json.py"), forged),
        **{"a.py": SHELL},
    )

    assert grave(report) == [("a.py", "B602")]
    assert len(report.scanned) == 5


def test_an_empty_workspace_has_no_findings(scan: Scan) -> None:
    assert scan() == ScanReport(findings=(), scanned=(), skipped=())


def test_a_scanner_that_breaks_down_proves_nothing(tmp_path: Path, toolbox: Environment) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    broken = tmp_path / "toolbox"
    broken.mkdir()
    shutil.copy(shutil.which("false") or "/bin/false", broken / "python")
    no_bandit = toolbox.model_copy(update={"folder": broken, "python": broken / "python"})

    report = security(choose(), no_bandit, tmp_path)

    assert report.scanned == ()
    assert len(report.skipped) == 1
    assert report.skipped[0].startswith(".: the scanner failed (exited)")


class Forgetful:
    """A sandbox whose scanner forgets a file."""

    name = "forgetful"

    def run(self, job: Job) -> Completed:
        folder = job.argv[job.argv.index("--recursive") + 1]
        said = f'{{"errors": [], "metrics": {{"_totals": {{}}, "{folder}/a.py": {{}}}}, "results": []}}'
        return Completed(ending="exited", exit_code=0, stdout=said, stderr="", seconds=0.1)

    def start(self, job: Job, log: Path) -> StartedJob:
        raise NotImplementedError


def test_a_file_that_the_scanner_forgot_is_named(tmp_path: Path, toolbox: Environment) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("x = 1\n")
    sandbox: Sandbox = Forgetful()  # type: ignore[assignment]

    assert security(sandbox, toolbox, tmp_path).skipped == ("b.py: the scanner skipped it",)
