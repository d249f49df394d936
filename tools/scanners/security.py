"""Vulnerability scans of untrusted Python code with bandit, in a sandbox and with our own configuration."""

from __future__ import annotations

import io
import os
import re
import tokenize
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, JsonValue, ValidationError

from tools.environments.install import Environment
from tools.sandbox import Job, Limits, Sandbox
from tools.workspace.walk import walk

Level = Literal["low", "medium", "high"]
LIMITS = Limits(wall_seconds=180, memory_mb=1024, processes=16, output_bytes=50_000_000)

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


class Finding(BaseModel, frozen=True):
    """A problem that the scanner reports."""

    file: str
    """Path relative to the workspace."""
    line: int
    """Line number, counted from 1."""
    span: tuple[int, int] = (0, 0)
    """First and last line of the statement; 0 if unknown."""
    rule: str
    """Id of the scanner's rule, such as "B602"."""
    what: str
    severity: Level
    confidence: Level


class ScanReport(BaseModel, frozen=True):
    """The findings of a scan, and what could not be scanned."""

    findings: tuple[Finding, ...]
    """Sorted by severity, the most severe first."""
    scanned: tuple[str, ...]
    """Paths of the scanned files, relative to the workspace."""
    skipped: tuple[str, ...]
    """What was not scanned and why, such as "app/a.py: syntax error". Unless it is empty, the scan proves nothing."""

    def count(self, severity: Level) -> int:
        """Return the number of findings of a severity."""
        return sum(each.severity == severity for each in self.findings)


def security(sandbox: Sandbox, toolbox: Environment, workspace: Path) -> ScanReport:
    """Scan all Python files below a folder with the bandit version that the crew has pinned.

    The folder's own scanner configuration and `# nosec` comments are ignored, and so are bandit's default exclusions.
    Raises SandboxFailed if the sandbox cannot run a job.
    """
    workspace = workspace.resolve()
    files, compiled = _python_files(workspace)
    unread = dict.fromkeys(compiled, "it is compiled and cannot be read") | {
        name: "it declares an encoding in which it is other code than in UTF-8"
        for name in files
        if _is_ambiguous(workspace / name)
    }
    if not files:
        return _report(_Raw(errors=[], metrics={}, results=[]), workspace, files, unread)
    completed = sandbox.run(_job(toolbox, workspace, files))
    try:
        raw = _Raw.model_validate_json(completed.stdout)
    except ValidationError:
        said = f"the scanner failed ({completed.ending}). {completed.stderr.strip()[-500:]}"
        return ScanReport(findings=(), scanned=(), skipped=(f".: {said}",))
    return _report(raw, workspace, files, unread)


def _job(toolbox: Environment, workspace: Path, files: list[str]) -> Job:
    odd = [str(workspace / each) for each in files if not each.endswith(".py")]
    options = (
        *("--format", "json", "--quiet", "--ignore-nosec"),
        # An empty configuration: otherwise, bandit would use any `.bandit` file in the folder.
        *("--ini", "/dev/null"),
        # Matches no path; bandit's default list would exclude files such as `.github/x.py` and `.tox/x.py`.
        *("--exclude", ":none:"),
        *("--recursive", str(workspace), *odd),
    )
    return Job(
        # -I: a `bandit.py` or `yaml.py` in the folder must not be imported in place of the real one.
        argv=(str(toolbox.python), "-I", "-m", "bandit", *options),
        folder=toolbox.folder,
        readable=(toolbox.folder, workspace),
        limits=LIMITS,
    )


def _python_files(workspace: Path) -> tuple[list[str], list[str]]:
    """Return the Python sources, including links, and the compiled modules, as paths relative to the workspace."""
    found: list[str] = []
    compiled: list[str] = []
    for folder, _, others in walk(workspace):
        for name in (entry.name for entry in others):
            path = folder / name
            relative = path.relative_to(workspace).as_posix()
            if name.endswith((".py", ".pyw")) or ("." not in name and _starts_python(path)):
                found.append(relative)
            elif name.endswith((".pyc", ".so", ".pyd")):
                compiled.append(relative)
    return sorted(found), compiled


def _starts_python(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        first = file.readline(200)
    return first.startswith(b"#!") and b"python" in first


def _is_ambiguous(path: Path) -> bool:
    """Return whether Python decodes a file to code that differs from what readers see in the diff, as with UTF-7."""
    if path.is_symlink() or not path.is_file():
        return False
    content = path.read_bytes()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        codes = (content.decode(encoding), content.decode("utf-8-sig", "replace"))
    except (SyntaxError, LookupError, UnicodeError):
        return False  # Python cannot read it either
    return len({_NOT_ASCII.sub("", code) for code in codes}) > 1


def _report(raw: _Raw, workspace: Path, files: list[str], unread: dict[str, str]) -> ScanReport:
    def relative(name: str) -> str:
        return os.path.relpath(name, workspace)

    errors = unread | {relative(each.filename): each.reason for each in raw.errors}
    scanned = sorted({relative(name) for name in raw.metrics if name != "_totals"} - set(errors))
    for name in set(files) - set(scanned) - set(errors):
        errors[name] = "the scanner skipped it"
    findings = [
        Finding(
            file=relative(each.filename),
            line=each.line_number,
            span=(min(each.line_range, default=0), max(each.line_range, default=0)),
            rule=each.test_id,
            what=each.issue_text,
            severity=_level(each.issue_severity),
            confidence=_level(each.issue_confidence),
        )
        for each in raw.results
    ]
    order = ("high", "medium", "low")
    return ScanReport(
        findings=tuple(sorted(findings, key=lambda each: (order.index(each.severity), each.file, each.line))),
        scanned=tuple(scanned),
        skipped=tuple(f"{name}: {reason}" for name, reason in sorted(errors.items())),
    )


def _level(said: str) -> Level:
    """Return the severity as a level; one that bandit leaves undefined counts as high."""
    levels: dict[str, Level] = {"LOW": "low", "MEDIUM": "medium", "HIGH": "high"}
    return levels.get(said, "high")


class _Issue(BaseModel):
    filename: str
    line_number: int
    line_range: list[int] = []
    test_id: str
    issue_text: str
    issue_severity: str
    issue_confidence: str


class _Error(BaseModel):
    filename: str
    reason: str


class _Raw(BaseModel):
    errors: list[_Error]
    metrics: dict[str, JsonValue]
    results: list[_Issue]
