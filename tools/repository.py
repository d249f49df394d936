"""Tools for the service's repository: opening it, committing, the pull request and the merge."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from tools.counting import counted
from tools.errors import RepositoryError
from tools.git import (
    Repository,
    agent,
    attach_repository,
    checkout,
    diff,
    find_landing,
    merge,
    read_anchors,
    read_trailers,
    story_branch,
    write_tree,
)
from tools.git import open_repository as open_or_make
from tools.result import Tool, ToolResult, Workbench


class OpenRepository(BaseModel):
    """Open the service's repository, or make it, and lay out a workspace for a story."""

    model_config = ConfigDict(extra="forbid")

    story: str = Field(description="Id of the story, which names its branch.")


class ResetWorkspace(BaseModel):
    """Take the story's branch and the workspace back to a commit, before another model does a role's work."""

    model_config = ConfigDict(extra="forbid")

    commit: str = Field(description="Where the role began.")
    before: str = Field(description="Role and visit that begin after it.")


class Commit(BaseModel):
    """Commit the workspace to the story's branch. The rationale goes into the message's body."""

    model_config = ConfigDict(extra="forbid")

    message: str = Field(min_length=1, max_length=4_000, description="First line: what it does for a user.")


class OpenPullRequest(BaseModel):
    """Record the pull request of the story's branch."""

    model_config = ConfigDict(extra="forbid")

    title: str
    description: str = Field(description="Markdown.")


class Comment(BaseModel):
    """Add a comment to the pull request."""

    model_config = ConfigDict(extra="forbid")

    author: str = Field(description="Role that says it.")
    text: str = Field(description="Markdown.")


class Merge(BaseModel):
    """Merge the story's branch into the main branch."""

    model_config = ConfigDict(extra="forbid")

    tree: str = Field(description="Git tree that was tested and scanned; another one is not merged.")
    title: str


BLUEPRINT = "blueprint.yaml"
NO_WORK = (
    "README*",
    "LICEN[CS]E*",
    "COPYING*",
    "NOTICE*",
    "CONTRIBUTING*",
    "SECURITY*",
    "CODEOWNERS",
    ".editorconfig",
    ".git*",
)
"""What a host puts into a new repository: with nothing else in it, there is no work of people's yet."""


def made_by_people(files: Iterable[str]) -> bool:
    """Whether these are the files of a repository that people made."""
    named = set(files)
    work = [each for each in named if not any(fnmatchcase(each, pattern) for pattern in NO_WORK)]
    return bool(work) and BLUEPRINT not in named


def repository(bench: Workbench) -> Repository:
    """Return the repository of the delivery's service."""
    return attach_repository(bench.repository, bench.home)


def branch_of(bench: Workbench) -> str:
    """Return the full ref name of the delivery's story branch."""
    return story_branch(bench.story)


def merged_generation(bench: Workbench) -> str | None:
    """Return the generation that the workspace was merged with in this delivery, or None."""
    note = _generation_note(bench)
    return note.read_text().strip() if note.is_file() else None


def note_generation(bench: Workbench, generation: str) -> None:
    """Keep in mind which generation the workspace was merged with, for the commit to name it as a parent."""
    note = _generation_note(bench)
    fresh = note.with_suffix(".new")
    fresh.write_text(generation)
    fresh.replace(note)


def _generation_note(bench: Workbench) -> Path:
    # Beside the workspace, not in it: what runs there must not choose the parents of a commit.
    return bench.workspace.with_name(f"{bench.delivery}.generation")


def workspace_tree(bench: Workbench) -> str:
    """Return the git tree that the workspace holds now; nothing is committed."""
    held = repository(bench)
    return write_tree(held, bench.workspace, base=held.required(branch_of(bench)))


def branch_tree(bench: Workbench) -> str:
    """Return the git tree of the story branch's tip."""
    held = repository(bench)
    return held.tree_of(held.required(branch_of(bench)))


def changed_texts(bench: Workbench, tree: str) -> dict[str, str]:
    """Return the text of every file that a tree adds or changes against the main branch, by path."""
    held = repository(bench)
    changed = diff(held, held.required(held.base_ref), tree)
    paths = [each.path for each in changed.files if each.status != "deleted"]
    return {path: (held.show(tree, path) or b"").decode("utf-8", "replace") for path in paths}


def shown(bench: Workbench, path: str) -> str | None:
    """Return a file of the main branch, or None."""
    held = repository(bench)
    content = held.show(held.required(held.base_ref), path)
    return None if content is None else content.decode("utf-8", "replace")


def open_repository(bench: Workbench, arguments: OpenRepository) -> ToolResult:
    """Return where the delivery starts from; a repository that cannot be worked on raises RepositoryError."""
    held = open_or_make(bench.repository, bench.home, when=bench.when)
    base = held.required(held.base_ref)
    _leave_behind(held, base, bench)
    tip = held.start_story(arguments.story)
    checkout(held, tip, bench.workspace)
    tree = held.tree_of(base)
    return ToolResult(
        ok=True,
        code="ok",
        summary=f"{held.folder.name} starts from {base[:12]} on {held.base}.",
        data={
            "base": base,
            "base_tree": tree,
            "start": tip,
            # What people made is worked on file by file.
            "generated": not made_by_people(held.files(tree)),
            "branch": _short(branch_of(bench)),
            "files": len(held.files(tree)),
        },
    )


def _leave_behind(held: Repository, base: str, bench: Workbench) -> None:
    """Start the story's branch anew if all it holds is what an earlier delivery, now ended, left on it.

    Its commits stay in the reflog and in that delivery's ledger. What a person committed there is not touched.
    """
    branch = branch_of(bench)
    tip = held.ref(branch)
    if tip is None or held.is_ancestor(tip, base):
        return
    lines = held.message(tip).splitlines()
    if any(line.startswith("Delivery: ") and line != f"Delivery: {bench.delivery}" for line in lines[-2:]):
        held.update_ref(branch, base, tip)


def reset_workspace(bench: Workbench, arguments: ResetWorkspace) -> ToolResult:
    """Return where the branch and the workspace are now; what was committed since stays in the reflog."""
    held = repository(bench)
    branch, tip = branch_of(bench), held.required(branch_of(bench))
    if not held.is_ancestor(arguments.commit, tip):
        said = f"{arguments.commit} is not on the story's branch, so nothing was taken back."
        return ToolResult(ok=False, code="not_found", summary=said)
    if tip != arguments.commit:
        held.update_ref(branch, arguments.commit, tip)
    checkout(held, arguments.commit, bench.workspace)
    _generation_note(bench).unlink(missing_ok=True)
    said = f"The workspace is as it was at {arguments.commit[:12]}."
    return ToolResult(ok=True, code="ok", summary=said, data={"commit": arguments.commit})


def commit(bench: Workbench, arguments: Commit) -> ToolResult:
    """Return the new commit and its tree; nothing to commit is a result, not an error."""
    held = repository(bench)
    branch = branch_of(bench)
    tip = held.required(branch)
    tree = write_tree(held, bench.workspace, base=tip)
    generation = merged_generation(bench)
    parents = [tip] + ([generation] if generation and not held.is_ancestor(generation, tip) else [])
    if tree == held.tree_of(tip) and len(parents) == 1:
        return _committed(held, tip, "There was nothing to commit.", "nothing_to_commit")
    message = f"{arguments.message.rstrip()}\n\n{bench.rationale}\n\nDelivery: {bench.delivery}\nAction: {bench.action}"
    # git keeps no NUL, and what a model writes into a text is no reason to end a delivery.
    made = held.commit(tree, parents, message.replace("\0", "\ufffd"), agent(bench.role), bench.when)
    held.update_ref(branch, made, tip)
    return _committed(held, made, f"Committed as {made[:12]}.", "ok")


def committed(bench: Workbench, arguments: Commit) -> ToolResult | None:
    """Probe: whether the branch's tip is the commit of this very action."""
    held = repository(bench)
    tip = held.required(branch_of(bench))
    if f"Action: {bench.action}" in held.message(tip).splitlines()[-2:]:
        return _committed(held, tip, f"Committed as {tip[:12]}.", "ok")
    return None


def open_pull_request(bench: Workbench, arguments: OpenPullRequest) -> ToolResult:
    """Return the record: branch, head, what it would merge and what it changes."""
    held = repository(bench)
    branch, base = branch_of(bench), held.required(held.base_ref)
    head = held.required(branch)
    changed = diff(held, base, head)
    record: dict[str, JsonValue] = {
        "id": f"pr-{bench.delivery}",
        "title": arguments.title,
        "description": arguments.description,
        "branch": _short(branch),
        "base": base,
        "head": head,
        "tree": held.tree_of(head),
        "files": [each.model_dump(mode="json") for each in changed.files],
    }
    files = counted(len(changed.files), "file")
    return ToolResult(
        ok=True,
        code="ok",
        summary=f"Pull request pr-{bench.delivery}: {_short(branch)} into {held.base}, {files}.",
        data={"pull_request": f"pr-{bench.delivery}", "head": head, "tree": held.tree_of(head)},
        artifacts={
            "record": bench.artifacts.put(json.dumps(record, sort_keys=True).encode()),
            "diff": bench.artifacts.put(changed.text.encode("utf-8", "replace")),
        },
    )


def comment(bench: Workbench, arguments: Comment) -> ToolResult:
    """Store the comment; the record of the action is the comment."""
    stored = bench.artifacts.put(f"{arguments.author}: {arguments.text}".encode("utf-8", "replace"))
    return ToolResult(
        ok=True, code="ok", summary=f"{arguments.author} commented.", artifacts={"comment": stored}
    )


def merge_story(bench: Workbench, arguments: Merge) -> ToolResult:
    """Return the merge commit, which carries the head of the ledger; anything but a clean merge is not ok."""
    held = repository(bench)
    landed = merge(
        held,
        branch_of(bench),
        message=f"Merge {_short(branch_of(bench))}: {arguments.title}",
        trailers={"Delivery": bench.delivery, "Ledger": bench.ledger, "Ledger-Head": bench.ledger_head()},
        author=agent("crew"),
        when=bench.when,
        expected_tree=arguments.tree,
    )
    if landed.outcome == "merged" and landed.commit:
        return _merged(landed.commit)
    where = ", ".join(f"{each.file}:{each.line}" for each in landed.conflicts)
    reasons = {
        "conflicts": f"main has changed the same lines meanwhile: {where}. Run the story again.",
        "tree_changed": "main has changed meanwhile, so the merge would not give the tested tree. Run the story again.",
        "nothing_to_merge": "The branch holds nothing that main does not have.",
    }
    said = reasons.get(landed.outcome, "The merge gave no commit.")
    return ToolResult(ok=False, code=landed.outcome, summary=said)


def merged(bench: Workbench, arguments: Merge) -> ToolResult | None:
    """Probe: whether main holds a merge of the branch's tip."""
    found = find_landing(repository(bench), branch_of(bench))
    return _merged(found) if found else None


def anchor(bench: Workbench, number: int, head: str) -> None:
    """Store the number and hash of a delivery's last row in the repository, once; it is never moved.

    A repository that cannot be used has nothing to store it in, which is why the delivery ended.
    """
    with contextlib.suppress(RepositoryError):
        held = repository(bench)
        if held.read_anchor(bench.delivery) is None:
            held.anchor(bench.delivery, f"{number} {head} {bench.ledger}")


def anchors(folder: Path, home: Path) -> dict[str, str]:
    """Return what `anchor` stored in a repository, by delivery: number and hash of the last row, and the ledger."""
    return read_anchors(attach_repository(folder, home, reads=True))


def landings(folder: Path, home: Path) -> dict[str, str]:
    """Return the ledger head that each delivery's merge commit names in its trailer, by delivery."""
    return read_trailers(attach_repository(folder, home, reads=True), "Delivery", "Ledger-Head")


def ledgers(folder: Path, home: Path) -> dict[str, str]:
    """Return the id of the ledger that each delivery known to a repository is written in, by delivery."""
    named = {delivery: text.split()[-1] for delivery, text in anchors(folder, home).items() if text.split()}
    return read_trailers(attach_repository(folder, home, reads=True), "Delivery", "Ledger") | named


def opened_under(home: Path) -> list[Path]:
    """Return the repositories that were ever opened under a home."""
    # git's view of a repository, which is kept under the home, is made of links into it.
    links = [each for each in (home / "git").glob("*/objects") if each.is_symlink()]
    return sorted({each.readlink().parent.parent for each in links})


def _committed(held: Repository, commit_id: str, summary: str, code: str) -> ToolResult:
    base = held.required(held.base_ref)
    files = [each.path for each in diff(held, base, commit_id).files]
    data: dict[str, JsonValue] = {"commit": commit_id, "tree": held.tree_of(commit_id), "files": list(files)}
    return ToolResult(ok=True, code=code, summary=summary, data=data)


def _merged(commit_id: str) -> ToolResult:
    return ToolResult(ok=True, code="ok", summary=f"Merged as {commit_id[:12]}.", data={"version": commit_id})


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/")


TOOLS = (
    # Opening again finds the same branch and lays out the same workspace.
    Tool(name="open_repository", effect="write", arguments=OpenRepository, run=open_repository),
    # Taken back already, it changes nothing.
    Tool(name="reset_workspace", effect="write", arguments=ResetWorkspace, run=reset_workspace),
    Tool(name="commit", effect="write", arguments=Commit, run=commit, probe=committed),
    # A record under the digest of its content: making it again changes nothing.
    Tool(name="open_pull_request", effect="write", arguments=OpenPullRequest, run=open_pull_request),
    Tool(name="comment", effect="write", arguments=Comment, run=comment),
    Tool(name="merge", effect="write", arguments=Merge, run=merge_story, probe=merged),
)
