"""Tools that search the workspace and show what the delivery has changed."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import regex
from pydantic import BaseModel, Field, JsonValue

from tools.catalogue.files import no_such_path
from tools.catalogue.policy_facts import file_paths
from tools.counting import counted
from tools.git import ChangedFile, Changes, Repository, diff, last_generation
from tools.projects.trees import branch_of, merged_generation, repository, workspace_tree
from tools.result import READERS, Tool, ToolResult, Workbench, failure, success
from tools.testing.test_command import is_test
from tools.workspace.paths import inside
from tools.workspace.text_files import NoText, read
from tools.workspace.walk import files, shown

MOST_MATCHES = 40
LONGEST_LINE = 160
"""Maximum number of characters shown of a matching line."""
PATIENCE_SECONDS = 10.0
"""Time limit for an entire search, since some patterns could take years to match a single line."""
LONGEST_DIFF = 8_000
MOST_FILES = 100
MOST_CUT = 5
"""Maximum number of files named in the list of those whose diffs are cut off."""


class SearchFiles(BaseModel, extra="forbid"):
    """Find lines that contain a text or match a regular expression."""

    pattern: str = Field(min_length=1, max_length=500)
    folder: str = Field(default=".", description="Relative to the workspace.")
    regex: bool = False
    path_glob: str = Field(default="", max_length=200, description='Such as "*.py".')


class ShowDiff(BaseModel, extra="forbid"):
    """Show what this delivery has changed so far."""


Matcher = Callable[[str], int | None]
"""A function that returns the index of the first match in a line, or None. Raises TimeoutError."""


@dataclass
class _Search:
    """The matches found so far."""

    lines: list[JsonValue] = field(default_factory=list)
    count: int = 0
    files: int = 0
    """Number of files that contain a match."""


def search_files(bench: Workbench, arguments: SearchFiles) -> ToolResult:
    """Return the matching lines as "path:line: text", and their number; binary and very large files are skipped."""
    folder = inside(bench.workspace, arguments.folder)
    if folder is None or not folder.exists():
        return no_such_path(arguments.folder)
    root = bench.workspace.resolve()
    search = _Search()
    try:
        matcher = _matcher(arguments, time.monotonic() + PATIENCE_SECONDS)
        for path in [folder] if folder.is_file() else files(folder):
            name = path.relative_to(root).as_posix()
            if _matches_glob(name, arguments.path_glob):
                _search(search, path, name, matcher)
    except regex.error as error:
        return failure("bad_pattern", f"Invalid regular expression: {error}. Fix it, or leave out regex.")
    except TimeoutError:
        said = f"The search took over {PATIENCE_SECONDS:.0f} s: simplify the pattern, or name a folder or path_glob."
        return failure("too_slow", said, matches=search.lines)
    place = f"in {counted(search.files, 'file')}"
    said = f"{counted(search.count, f'line {place} matches', f'lines {place} match')}."
    if search.count > MOST_MATCHES:
        said += f" The first {MOST_MATCHES} are shown; narrow it by folder, path_glob or a longer pattern."
    elif not search.count:
        said = "No matches. Try a shorter pattern, or list_files."
    return success(said, matches=search.lines, count=search.count)


def show_diff(bench: Workbench, arguments: ShowDiff) -> ToolResult:
    """Return the diff of the workspace relative to the start of the delivery, and line counts by file.

    In a generated project, it shows only hand-written changes, code before tests; generated files are only listed.
    """
    held = repository(bench)
    main, tip = held.base_commit(), held.required(branch_of(bench))
    tree = workspace_tree(bench)
    changed = diff(held, held.merge_base(main, tip) or main, tree)
    stored = bench.artifacts.put(changed.text.encode("utf-8", "replace"))
    generation = merged_generation(bench) or last_generation(held, tip)
    own = changed.patches
    if generation is not None:
        own = _hand_written(
            changed, diff(held, generation, tree), held.files(generation), _made_before(held, main)
        )
    files = sorted(changed.files, key=lambda each: each.path not in own)
    text = "".join(own.values())
    said = f"{counted(len(files), 'file is', 'files are')} changed." if files else "Nothing has changed yet."
    if len(own) < len(files):
        said += f" {_listed_only(len(own))}"
    if len(text) > LONGEST_DIFF:
        said += f" The diff's first {LONGEST_DIFF:,} of {len(text):,} characters are shown; "
        said += f"use read_file for the rest: {', '.join(_cut_off(own))}."
    if len(files) > MOST_FILES:
        said += f" Only the first {MOST_FILES} files are listed."
    listed = [_listed(each, own) for each in files[:MOST_FILES]]
    return success(said, artifacts={"diff": stored}, diff=text[:LONGEST_DIFF], files=[*listed])


def _made_before(held: Repository, main: str) -> Collection[str]:
    """Return the paths of the files in the generation that main already contains."""
    before = last_generation(held, main)
    return held.files(before) if before else ()


def _hand_written(
    changed: Changes, edits: Changes, made: Collection[str], before: Collection[str]
) -> dict[str, str]:
    """Return the patches of hand-written changes, code before tests.

    `edits` is the diff relative to the generation; `made` and `before` are the files of this and the previous
    generation. Patches of generated files are relative to the generation, others to the delivery's start.
    """
    generated = {*made, *before}
    found = {
        each.path: edits.patches[each.path] if each.path in made else changed.patches[each.path]
        for each in changed.files
        if each.path in edits.patches or each.path not in generated
    }
    return dict(sorted(found.items(), key=lambda item: is_test(item[0])))


def _listed(file: ChangedFile, own: Collection[str]) -> str:
    kind = "" if file.status == "modified" else f" {file.status}"
    return f"{shown(file.path)} +{file.added} -{file.removed}{kind}{'' if file.path in own else ' generated'}"


def _listed_only(own: int) -> str:
    if not own:
        return "All are unchanged since generation, so they are only listed; read_file shows them."
    return f"The diff shows {counted(own, 'hand-written change')}. The others are only listed; read_file shows them."


def _cut_off(own: dict[str, str]) -> list[str]:
    """Return the paths whose patches do not fit; if there are many, only a few and the number of others."""
    room, found = LONGEST_DIFF, []
    for path, patch in own.items():
        room -= len(patch)
        if room < 0:
            found.append(shown(path))
    return found if len(found) <= MOST_CUT else [*found[:MOST_CUT], f"{len(found) - MOST_CUT} more"]


def _matcher(arguments: SearchFiles, deadline: float) -> Matcher:
    compiled = regex.compile(arguments.pattern if arguments.regex else regex.escape(arguments.pattern))

    def match(line: str) -> int | None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        found = compiled.search(line, timeout=left)
        return found.start() if found else None

    return match


def _matches_glob(name: str, glob: str) -> bool:
    if not glob:
        return True
    wanted = {glob, glob.replace("**/", "")}
    return any(fnmatch.fnmatchcase(text, each) for each in wanted for text in (name, name.rpartition("/")[2]))


def _search(search: _Search, path: Path, name: str, matcher: Matcher) -> None:
    try:
        content = read(path).content
    except (NoText, OSError):
        return
    before = search.count
    for number, line in enumerate(content.splitlines(), start=1):
        place = matcher(line)
        if place is None:
            continue
        search.count += 1
        if len(search.lines) < MOST_MATCHES:
            search.lines.append(f"{shown(name)}:{number}: {_cut(line, place)}")
    search.files += search.count > before


def _cut(line: str, place: int) -> str:
    """Return the part of a line that contains the match, shortened to the maximum length."""
    start = 0 if place < LONGEST_LINE - 40 else place - 40
    return line[start:].strip()[:LONGEST_LINE] if start else line.rstrip()[:LONGEST_LINE]


TOOLS = (
    Tool("search_files", "read", SearchFiles, search_files, roles=READERS, facts=file_paths("folder")),
    Tool("show_diff", "read", ShowDiff, show_diff, roles=("code", "governance")),
)
