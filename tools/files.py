"""Tools for the files of a workspace."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tools.result import Tool, ToolResult, Workbench

LONGEST_READ = 16_000
"""Characters that one `read_file` returns."""
MOST_LISTED = 500


class ListFiles(BaseModel):
    """List the files of the workspace below a folder."""

    model_config = ConfigDict(extra="forbid")

    folder: str = Field(default=".", description="Relative to the workspace.")


class ReadFile(BaseModel):
    """Read a range of lines of a text file."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(description="Relative to the workspace.")
    first_line: int = Field(default=1, ge=1)
    lines: int = Field(default=200, ge=1, le=1_000)


class WriteFile(BaseModel):
    """Write a text file, replacing what is there."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(description="Relative to the workspace.")
    content: str


class EditFile(BaseModel):
    """Replace a text that stands exactly once in a file."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(description="Relative to the workspace.")
    old: str = Field(min_length=1, description="Must stand exactly once in the file.")
    new: str


def list_files(bench: Workbench, arguments: ListFiles) -> ToolResult:
    """Return paths, relative to the workspace, in alphabetical order."""
    folder = inside(bench.workspace, arguments.folder)
    if folder is None or not folder.is_dir():
        return _missing(arguments.folder)
    root = bench.workspace.resolve()
    found = sorted(each.relative_to(root).as_posix() for each in folder.rglob("*") if each.is_file())
    more = f" The first {MOST_LISTED} are listed; name a folder." if len(found) > MOST_LISTED else ""
    listed = found[:MOST_LISTED]
    return ToolResult(ok=True, code="ok", summary=f"{len(found)} files.{more}", data={"files": list(listed)})


def read_file(bench: Workbench, arguments: ReadFile) -> ToolResult:
    """Return the lines, and how many the file has."""
    path = inside(bench.workspace, arguments.path)
    if path is None or not path.is_file():
        return _missing(arguments.path)
    lines = path.read_text("utf-8", "replace").splitlines(keepends=True)
    start = arguments.first_line - 1
    text = "".join(lines[start : start + arguments.lines])[:LONGEST_READ]
    said = f"{arguments.path} has {len(lines)} lines; these start at {arguments.first_line}."
    return ToolResult(ok=True, code="ok", summary=said, data={"text": text, "lines": len(lines)})


def write_file(bench: Workbench, arguments: WriteFile) -> ToolResult:
    """Write the content; parent folders are made."""
    path = inside(bench.workspace, arguments.path)
    if path is None or path.is_dir():
        return _missing(arguments.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(arguments.content.encode("utf-8", "replace"))
    return ToolResult(
        ok=True, code="ok", summary=f"{arguments.path} is written, {len(arguments.content)} characters."
    )


def edit_file(bench: Workbench, arguments: EditFile) -> ToolResult:
    """Replace the text, if it stands exactly once."""
    path = inside(bench.workspace, arguments.path)
    if path is None or not path.is_file():
        return _missing(arguments.path)
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    count = text.count(arguments.old)
    if count != 1:
        said = f"The text stands {count} times in {arguments.path}; give one that stands once."
        return ToolResult(ok=False, code="not_unique", summary=said)
    changed = text.replace(arguments.old, arguments.new)
    path.write_bytes(changed.encode("utf-8", "surrogateescape"))
    return ToolResult(ok=True, code="ok", summary=f"{arguments.path} is changed in one place.")


def edited(bench: Workbench, arguments: EditFile) -> ToolResult | None:
    """Probe: whether the edit is there, which after a crash means the new text is and the old is not."""
    path = inside(bench.workspace, arguments.path)
    if path is None or not path.is_file():
        return None
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    if text.count(arguments.old) == arguments.new.count(arguments.old) and arguments.new in text:
        return ToolResult(ok=True, code="ok", summary=f"{arguments.path} is changed in one place.")
    return None


def inside(workspace: Path, name: str) -> Path | None:
    """Return where a path leads, links followed, or None if that is outside of the workspace or in a
    `.git`."""
    root = workspace.resolve()
    try:
        path = (root / name).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    if not path.is_relative_to(root) or ".git" in path.relative_to(root).parts:
        return None
    return path


def _missing(name: str) -> ToolResult:
    return ToolResult(
        ok=False, code="not_found", summary=f"The workspace has no {name!r}; list_files shows what it has."
    )


TOOLS = (
    Tool(name="list_files", effect="read", arguments=ListFiles, run=list_files),
    Tool(name="read_file", effect="read", arguments=ReadFile, run=read_file),
    # Writing the same content again changes nothing.
    Tool(name="write_file", effect="write", arguments=WriteFile, run=write_file),
    Tool(name="edit_file", effect="write", arguments=EditFile, run=edit_file, probe=edited),
)
