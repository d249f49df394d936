"""Tools for the files of a workspace."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from tools.catalogue.policy_facts import PROTECTED, file_paths, secrets_in
from tools.counting import counted
from tools.result import Tool, ToolResult, Workbench
from tools.workspace.paths import inside
from tools.workspace.text_files import NoText, Text, read, rewritten, syntax_error
from tools.workspace.text_match import Misfit, nowhere, places, several
from tools.workspace.walk import files, shown

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
    """Replace a text that occurs exactly once in a file."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(description="Relative to the workspace.")
    old: str = Field(min_length=1, description="Must occur exactly once in the file.")
    new: str


class DeleteFile(BaseModel):
    """Delete a file."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(description="Relative to the workspace.")


def list_files(bench: Workbench, arguments: ListFiles) -> ToolResult:
    """Return paths relative to the workspace, sorted; if there are too many, the number per folder."""
    folder = inside(bench.workspace, arguments.folder)
    if folder is None or not folder.is_dir():
        return _missing(arguments.folder)
    root = bench.workspace.resolve()
    found = sorted(shown(each.relative_to(root).as_posix()) for each in files(folder))
    if len(found) <= MOST_LISTED:
        return ToolResult(
            ok=True, code="ok", summary=f"{counted(len(found), 'file')}.", data={"files": [*found]}
        )
    below = Counter(_below(folder, root / each) for each in found)
    own = [each for each in found if not _below(folder, root / each)]
    folders: dict[str, JsonValue] = {
        name: count for name, count in sorted(below.items())[:MOST_LISTED] if name
    }
    said = f"{len(found)} files, too many to list; list one of these folders, or use search_files."
    return ToolResult(
        ok=True, code="ok", summary=said, data={"files": [*own[:MOST_LISTED]], "folders": folders}
    )


def read_file(bench: Workbench, arguments: ReadFile) -> ToolResult:
    """Return the lines, how many the file has, and where to continue if there are more."""
    path = inside(bench.workspace, arguments.path)
    if path is None or not path.is_file():
        return _missing(arguments.path)
    try:
        lines = read(path).content.splitlines(keepends=True)
    except NoText as error:
        return _no_text(arguments.path, error)
    start = arguments.first_line - 1
    taken, size = 0, 0
    for line in lines[start : start + arguments.lines]:
        size += len(line)
        if taken and size > LONGEST_READ:
            break
        taken += 1
    text = "".join(lines[start : start + taken])[:LONGEST_READ]
    after = start + taken
    said = f"{arguments.path} has {counted(len(lines), 'line')}; shown from line {arguments.first_line}."
    if start >= len(lines) > 0:
        said = f"{arguments.path} has only {counted(len(lines), 'line')}."
    elif after < len(lines):
        said += f" Continue with first_line={after + 1}."
    return ToolResult(ok=True, code="ok", summary=said, data={"text": text, "lines": len(lines)})


def write_file(bench: Workbench, arguments: WriteFile) -> ToolResult:
    """Write the content, creating parent folders; a file keeps its encoding and line endings."""
    path = inside(bench.workspace, arguments.path)
    if path is None or path.is_dir():
        return _missing(arguments.path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rewritten(path, arguments.content))
    except (FileExistsError, NotADirectoryError):
        said = f"A parent of {arguments.path} is a file; choose another path."
        return ToolResult(ok=False, code="not_a_folder", summary=said)
    except NoText as error:
        return _no_text(arguments.path, error)
    wrong = syntax_error(path.name, arguments.content)
    said = f"{arguments.path} was written, {counted(len(arguments.content), 'character')}."
    return ToolResult(
        ok=True, code="ok", summary=f"{said} But it does not parse: {wrong}." if wrong else said
    )


def edit_file(bench: Workbench, arguments: EditFile) -> ToolResult:
    """Replace the text if it occurs exactly once; otherwise report where it occurs, or the closest lines."""
    path = inside(bench.workspace, arguments.path)
    if path is None or not path.is_file():
        return _missing(arguments.path)
    try:
        text = read(path)
        old, new = _as_in(text, arguments)
        found = places(text.content, old)
        if len(found) != 1:
            return _misfit(arguments.path, several(found) if found else nowhere(text.content, old))
        changed = text.content.replace(old, new)
        path.write_bytes(text.encoded(changed))
    except NoText as error:
        return _no_text(arguments.path, error)
    said = f"{arguments.path} was changed in one place, at line {found[0]}."
    if wrong := syntax_error(path.name, changed):
        broke = "no longer parses" if not syntax_error(path.name, text.content) else "does not parse"
        said += f" But it {broke}: {wrong}."
    return ToolResult(ok=True, code="ok", summary=said)


def edited(bench: Workbench, arguments: EditFile) -> ToolResult | None:
    """Probe: whether the edit was made, that is, the file has the new text and not the old."""
    path = inside(bench.workspace, arguments.path)
    if path is None or not path.is_file():
        return None
    try:
        text = read(path)
    except NoText:
        return None
    old, new = _as_in(text, arguments)
    if text.content.count(old) == new.count(old) and new in text.content:
        return ToolResult(ok=True, code="ok", summary=f"{arguments.path} was changed in one place.")
    return None


def delete_file(bench: Workbench, arguments: DeleteFile) -> ToolResult:
    """Delete the file; of a link, the link itself."""
    path = inside(bench.workspace, arguments.path)
    named = bench.workspace.resolve() / arguments.path
    if path is None or not (path.is_file() or named.is_symlink()):
        return _missing(arguments.path)
    (named if named.is_symlink() else path).unlink()
    return ToolResult(ok=True, code="ok", summary=f"{arguments.path} was deleted.")


def deleted(bench: Workbench, arguments: DeleteFile) -> ToolResult | None:
    """Probe: whether the file is gone."""
    path = inside(bench.workspace, arguments.path)
    if path is None or os.path.lexists(bench.workspace.resolve() / arguments.path):
        return None
    return ToolResult(ok=True, code="ok", summary=f"{arguments.path} was deleted.")


def _as_in(text: Text, arguments: EditFile) -> tuple[str, str]:
    """Return the old and the new text with the line endings of the file."""
    old, new = arguments.old, arguments.new
    if text.crlf:
        return old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
    if old not in text.content and "\r\n" in text.content and "\r" not in old:
        return old.replace("\n", "\r\n"), new.replace("\n", "\r\n")  # the file mixes line endings
    return old, new


def _misfit(name: str, misfit: Misfit) -> ToolResult:
    closest: list[JsonValue] = [{"line": line, "text": text} for line, text in misfit.closest]
    data: dict[str, JsonValue] = {"closest": closest} if closest else {}
    return ToolResult(ok=False, code="not_unique", summary=f"{name}: the text {misfit.said}", data=data)


def _below(folder: Path, path: Path) -> str:
    """Return the subfolder of `folder` that holds a file, "" for a file in `folder` itself."""
    parts = path.relative_to(folder).parts
    return f"{parts[0]}/" if len(parts) > 1 else ""


def _no_text(name: str, error: NoText) -> ToolResult:
    return ToolResult(ok=False, code="not_text", summary=f"{name}: {error}")


def _missing(name: str) -> ToolResult:
    return ToolResult(
        ok=False, code="not_found", summary=f"The workspace has no {name!r}; use list_files to see its files."
    )


TOOLS = (
    Tool(
        name="list_files",
        effect="read",
        arguments=ListFiles,
        run=list_files,
        roles=("design", "code", "testing/examples", "testing", "governance"),
        facts=file_paths("folder"),
    ),
    Tool(
        name="read_file",
        effect="read",
        arguments=ReadFile,
        run=read_file,
        roles=("design", "code", "testing/examples", "testing", "governance"),
        facts=file_paths("path"),
    ),
    # Writing the same content again changes nothing.
    Tool(
        name="write_file",
        effect="write",
        arguments=WriteFile,
        run=write_file,
        roles=("code",),
        facts=(
            *file_paths("path"),
            secrets_in(lambda bench, arguments: {arguments.path: arguments.content}),
            PROTECTED,
        ),
    ),
    Tool(
        name="edit_file",
        effect="write",
        arguments=EditFile,
        run=edit_file,
        roles=("code",),
        facts=(
            *file_paths("path"),
            secrets_in(lambda bench, arguments: {arguments.path: arguments.new}),
            PROTECTED,
        ),
        probe=edited,
    ),
    Tool(
        name="delete_file",
        effect="write",
        arguments=DeleteFile,
        run=delete_file,
        roles=("code",),
        facts=(*file_paths("path"), PROTECTED),
        probe=deleted,
    ),
)
