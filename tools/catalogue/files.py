"""Tools that list, read and change the files of a workspace."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from pydantic import BaseModel, Field, JsonValue

from tools.catalogue.policy_facts import PROTECTED, file_paths, secrets_in
from tools.counting import counted
from tools.result import READERS, Fact, Tool, ToolResult, Workbench, failure, success
from tools.workspace.paths import inside, unlink_alias
from tools.workspace.text_files import NoText, Text, encode_for, read, syntax_error
from tools.workspace.text_match import Misfit, absent, ambiguous, line_numbers
from tools.workspace.walk import files, shown

LONGEST_READ = 16_000
"""Maximum number of characters that one `read_file` call returns."""
MOST_LISTED = 500


class ListFiles(BaseModel, extra="forbid"):
    """List the files of the workspace below a folder."""

    folder: str = Field(default=".", description="Relative to the workspace.")


class ReadFile(BaseModel, extra="forbid"):
    """Read a range of lines of a text file."""

    path: str = Field(description="Relative to the workspace.")
    first_line: int = Field(default=1, ge=1)
    lines: int = Field(default=200, ge=1, le=1_000)


class WriteFile(BaseModel, extra="forbid"):
    """Write a text file, replacing what is there."""

    path: str = Field(description="Relative to the workspace.")
    content: str


class EditFile(BaseModel, extra="forbid"):
    """Replace a text that occurs exactly once in a file."""

    path: str = Field(description="Relative to the workspace.")
    old: str = Field(min_length=1, description="Must occur exactly once in the file.")
    new: str


class DeleteFile(BaseModel, extra="forbid"):
    """Delete a file."""

    path: str = Field(description="Relative to the workspace.")


def list_files(bench: Workbench, arguments: ListFiles) -> ToolResult:
    """Return the sorted paths, relative to the workspace, or the number of files per folder if there are too many."""
    folder = inside(bench.workspace, arguments.folder)
    if folder is None or not folder.is_dir():
        return no_such_path(arguments.folder)
    root = bench.workspace.resolve()
    found = sorted(shown(each.relative_to(root).as_posix()) for each in files(folder))
    if len(found) <= MOST_LISTED:
        return success(f"{counted(len(found), 'file')}.", files=[*found])
    below = Counter(_below(folder, root / each) for each in found)
    own = [each for each in found if not _below(folder, root / each)]
    return success(
        f"{len(found)} files, too many to list; list one of these folders, or use search_files.",
        files=[*own[:MOST_LISTED]],
        folders={name: count for name, count in sorted(below.items())[:MOST_LISTED] if name},
    )


def read_file(bench: Workbench, arguments: ReadFile) -> ToolResult:
    """Return the requested lines, the number of lines in the file, and where to continue if there are more."""
    path = inside(bench.workspace, arguments.path)
    if path is None or not path.is_file():
        return no_such_path(arguments.path)
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
    return success(said, text=text, lines=len(lines))


def write_file(bench: Workbench, arguments: WriteFile) -> ToolResult:
    """Write the content, creating parent folders; a file keeps its encoding and line endings."""
    path = inside(bench.workspace, arguments.path)
    if path is None or path.is_dir():
        return no_such_path(arguments.path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, encode_for(path, arguments.content))
    except (FileExistsError, NotADirectoryError):
        return failure("not_a_folder", f"A parent of {arguments.path} is a file; choose another path.")
    except NoText as error:
        return _no_text(arguments.path, error)
    wrong = syntax_error(path.name, arguments.content)
    said = f"{arguments.path} was written, {counted(len(arguments.content), 'character')}."
    return success(f"{said} But it does not parse: {wrong}." if wrong else said)


def edit_file(bench: Workbench, arguments: EditFile) -> ToolResult:
    """Replace the text if it occurs exactly once; otherwise report where it occurs, or the closest lines."""
    path = inside(bench.workspace, arguments.path)
    if path is None or not path.is_file():
        return no_such_path(arguments.path)
    try:
        text = read(path)
        old, new = _with_line_endings(text, arguments)
        found = line_numbers(text.content, old)
        if len(found) != 1:
            return _misfit(arguments.path, ambiguous(found) if found else absent(text.content, old))
        changed = text.content.replace(old, new)
        _write(path, text.encoded(changed))
    except NoText as error:
        return _no_text(arguments.path, error)
    said = f"{arguments.path} was changed in one place, at line {found[0]}."
    if wrong := syntax_error(path.name, changed):
        broke = "no longer parses" if not syntax_error(path.name, text.content) else "does not parse"
        said += f" But it {broke}: {wrong}."
    return success(said)


def _write(path: Path, content: bytes) -> None:
    """Write a file without changing other files that are hard links to it."""
    if path.is_file():
        unlink_alias(path)
    path.write_bytes(content)


def probe_edit(bench: Workbench, arguments: EditFile) -> ToolResult | None:
    """Return the result if the file already contains the new text instead of the old one; otherwise None."""
    path = inside(bench.workspace, arguments.path)
    if path is None or not path.is_file():
        return None
    try:
        text = read(path)
    except NoText:
        return None
    old, new = _with_line_endings(text, arguments)
    if text.content.count(old) == new.count(old) and new in text.content:
        return success(f"{arguments.path} was changed in one place.")
    return None


def delete_file(bench: Workbench, arguments: DeleteFile) -> ToolResult:
    """Delete a file; if the path is a symbolic link, delete the link itself."""
    path = inside(bench.workspace, arguments.path)
    named = bench.workspace.resolve() / arguments.path
    if path is None or not (path.is_file() or named.is_symlink()):
        return no_such_path(arguments.path)
    (named if named.is_symlink() else path).unlink()
    return success(f"{arguments.path} was deleted.")


def probe_delete(bench: Workbench, arguments: DeleteFile) -> ToolResult | None:
    """Return the result if the file is already gone; otherwise None."""
    path = inside(bench.workspace, arguments.path)
    if path is None or os.path.lexists(bench.workspace.resolve() / arguments.path):
        return None
    return success(f"{arguments.path} was deleted.")


def _with_line_endings(text: Text, arguments: EditFile) -> tuple[str, str]:
    """Return the old and the new text with line endings that match those of the file."""
    old, new = arguments.old, arguments.new
    if text.crlf:
        return old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
    if old not in text.content and "\r\n" in text.content and "\r" not in old:
        return old.replace("\n", "\r\n"), new.replace("\n", "\r\n")  # the file mixes line endings
    return old, new


def _misfit(name: str, misfit: Misfit) -> ToolResult:
    closest: list[JsonValue] = [{"line": line, "text": text} for line, text in misfit.closest]
    return failure(
        "not_unique", f"{name}: the text {misfit.reason}", **({"closest": closest} if closest else {})
    )


def _below(folder: Path, path: Path) -> str:
    """Return the direct subfolder of `folder` that contains a file; "" if the file is in `folder` itself."""
    parts = path.relative_to(folder).parts
    return f"{parts[0]}/" if len(parts) > 1 else ""


def _no_text(name: str, error: NoText) -> ToolResult:
    return failure("not_text", f"{name}: {error}")


def no_such_path(name: str) -> ToolResult:
    """Return the failure for a path that does not exist in the workspace."""
    return failure("not_found", f"The workspace has no {name!r}; use list_files to see its files.")


def _writes(text: str) -> tuple[Fact, ...]:
    """Return the facts about a file to be written; `text` is the name of the argument with its new text."""
    published = secrets_in(lambda bench, arguments: {arguments.path: getattr(arguments, text)})
    return (*file_paths("path"), published, PROTECTED)


_DELETES = (*file_paths("path"), PROTECTED)

TOOLS = (
    Tool("list_files", "read", ListFiles, list_files, roles=READERS, facts=file_paths("folder")),
    Tool("read_file", "read", ReadFile, read_file, roles=READERS, facts=file_paths("path")),
    # Writing the same content again changes nothing.
    Tool("write_file", "write", WriteFile, write_file, roles=("code",), facts=_writes("content")),
    Tool("edit_file", "write", EditFile, edit_file, roles=("code",), facts=_writes("new"), probe=probe_edit),
    Tool(
        "delete_file", "write", DeleteFile, delete_file, roles=("code",), facts=_DELETES, probe=probe_delete
    ),
)
