"""The tool that runs a command chosen by the code agent, in the sandbox."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field

from tools.counting import counted
from tools.environments.install import Environment
from tools.errors import JobRefused, TooManyFiles
from tools.git import checkout, diff, remove, remove_unsafe_files
from tools.projects.dependencies import tests_environment
from tools.projects.trees import repository, workspace_tree
from tools.result import Tool, ToolResult, Workbench, failure
from tools.sandbox import Completed, Job, Limits
from tools.test_integrity.protected_tests import read_protected, restore_protected
from tools.testing.results import scratch_folder
from tools.testing.sandbox_environment import available_programs, sandbox_environment, strip_paths
from tools.workspace.atomic_write import write_atomically
from tools.workspace.walk import walk

LONGEST_OUTPUT = 3_000
"""Maximum number of characters of each output stream in a result; the artifact contains the full output."""
MOST_SHOWN = 30
MOST_BYTES = 300_000_000
MOST_FILES = 30_000
"""Limits on what a command may add to the workspace, which is committed to the repository."""
NO_PROGRAM = 127


class RunCommand(BaseModel, extra="forbid"):
    """Run a program in the workspace, without network and without a shell."""

    command: list[str] = Field(
        min_length=1, max_length=200, description='["python", "-m", "pytest", "-x"], ["sh", "-c", "..."].'
    )
    wall_seconds: int = Field(default=60, ge=1, le=300)


def run_command(bench: Workbench, arguments: RunCommand) -> ToolResult:
    """Run the command; return its exit code, the end of its output, and the files it changed."""
    before = _starting_tree(bench)
    tests = read_protected(bench, before) if bench.role == "code" else {}
    size = _size(bench.workspace)
    python = tests_environment(bench)
    around = sandbox_environment(bench.workspace, scratch_folder(bench), python)
    job = Job(
        argv=tuple(arguments.command),
        folder=bench.workspace,
        readable=around.readable,
        writable=(bench.workspace, *around.writable),
        environment=around.variables,
        limits=Limits(wall_seconds=arguments.wall_seconds, memory_mb=2048, processes=256),
    )
    try:
        done = bench.sandbox.run(job)
    except JobRefused as error:
        return failure("not_run", f"The command cannot be run: {error}")
    removed, kept = _undo_forbidden_changes(bench, before, size, tests)
    changed = [each.path for each in diff(repository(bench), before, workspace_tree(bench)).files]
    sentences = (
        _ending(done, arguments, python),
        f"It changed {counted(len(changed), 'file')}." if changed else "",
        f"Removed unsafe files: {', '.join(removed[:5])}." if removed else "",
        f"Restored tests that you may not change: {', '.join(kept[:5])}." if kept else "",
    )
    places = (bench.workspace, *around.writable, *((python.folder,) if python else ()))
    shown = done.model_copy(
        update={name: strip_paths(getattr(done, name), *places) for name in ("stdout", "stderr")}
    )
    whole = f"$ {' '.join(arguments.command)}\n{shown.stdout}\n--- stderr ---\n{shown.stderr}"
    code = _code(done)
    return ToolResult(
        ok=code == "ok",
        code=code,
        summary=" ".join(filter(None, sentences)),
        data={
            "exit_code": done.exit_code,
            "ending": done.ending,
            "stdout": shown.stdout[-LONGEST_OUTPUT:],
            "stderr": shown.stderr[-LONGEST_OUTPUT:],
            "changed": [*changed[:MOST_SHOWN]],
            "put_back": [*kept[:MOST_SHOWN]],
        },
        artifacts={"output": bench.artifacts.put(whole.encode("utf-8", "replace"))},
    )


def _undo_forbidden_changes(
    bench: Workbench, before: str, size: tuple[int, int], tests: dict[str, bytes | None]
) -> tuple[list[str], list[str]]:
    """Undo forbidden changes; return the paths that were removed, and those of the tests that were restored."""
    held = repository(bench)
    known = [each for each in held.files(before) if not each.isascii()]
    try:
        removed = list(remove_unsafe_files(bench.workspace, known))
        kept = restore_protected(bench, tests)
        now = _size(bench.workspace)
    except TooManyFiles:
        removed, kept, now = [], [], (size[0] + MOST_FILES + 1, 0)
    if now[0] - size[0] > MOST_FILES or now[1] - size[1] > MOST_BYTES:
        _restore(bench, before)
        removed = [f"everything it wrote (more than {MOST_FILES:,} files or {MOST_BYTES // 10**6} MB)"]
    return removed, kept


def _starting_tree(bench: Workbench) -> str:
    """Return the tree that the command starts from; after a crash, this is the tree of the first attempt."""
    note = bench.note("command")
    action, _, tree = note.read_text().partition(" ") if note.is_file() else ("", "", "")
    if bench.action and action == bench.action:
        _restore(bench, tree)
        return tree
    tree = workspace_tree(bench)
    write_atomically(note, f"{bench.action} {tree}")
    return tree


def _restore(bench: Workbench, tree: str) -> None:
    remove(bench.workspace)
    checkout(repository(bench), tree, bench.workspace)


def _ending(done: Completed, arguments: RunCommand, python: Environment | None) -> str:
    program = arguments.command[0]
    endings = {
        "timed_out": f"{program} did not finish within {arguments.wall_seconds} s; give it less work, or more time.",
        "out_of_memory": f"{program} ran out of memory; give it less work.",
        "killed": f"{program} was killed by a signal ({-done.exit_code}).",
    }
    ending = endings.get(done.ending, f"{program} ended with exit code {done.exit_code}.")
    if done.exit_code == NO_PROGRAM:
        programs = ", ".join(available_programs(python))
        ending += f" Program not found. Available: {programs}. Nothing can be downloaded."
    return ending


def _code(done: Completed) -> str:
    if done.ending != "exited":
        return done.ending
    return {0: "ok", NO_PROGRAM: "no_such_program"}.get(done.exit_code, "command_failed")


def _size(folder: Path) -> tuple[int, int]:
    """Return the number of files and folders, and their total bytes."""
    count, total = 0, 0
    for _, folders, others in walk(folder):
        count += len(folders) + len(others)
        total += sum(each.stat(follow_symlinks=False).st_size for each in others)
    return count, total


TOOLS = (
    # After a crash, a second attempt starts from the same files as the first: see `_starting_tree`.
    Tool("run_command", "execute", RunCommand, run_command, roles=("code",)),
)
