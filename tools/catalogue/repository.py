"""Tools for the service's repository: opening, committing, pull request and merge."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, Field, JsonValue

from tools.catalogue.policy_facts import BRANCH, new_dependencies, secrets_in
from tools.catalogue.review import contract_findings, destructive_migrations
from tools.counting import counted
from tools.errors import RepositoryBusy
from tools.git import (
    Conflict,
    Repository,
    agent,
    checkout,
    diff,
    find_landing,
    merge,
    merge_commits,
    write_tree,
)
from tools.git import open_repository as open_or_make
from tools.projects.kind import is_existing
from tools.projects.sensitive_files import guarding_changes
from tools.projects.trees import (
    GENERATION_NOTE,
    branch_of,
    branch_tree,
    changed_texts,
    merged_generation,
    repository,
    workspace_tree,
)
from tools.result import Fact, FactSources, Tool, ToolResult, Workbench, failure, success
from tools.test_integrity.protected_tests import altered_protected
from tools.test_integrity.weakened_tests import altered_tests


class OpenRepository(BaseModel, extra="forbid"):
    """Open or create the service's repository, and check out a workspace for a story."""

    story: str = Field(description="Id of the story, which names its branch.")


class ResetWorkspace(BaseModel, extra="forbid"):
    """Reset the story's branch and the workspace to a commit, before another model repeats a role's work."""

    commit: str = Field(description="Where the role started.")
    before: str = Field(description="Role and attempt that start after it.")


class Commit(BaseModel, extra="forbid"):
    """Commit the workspace to the story's branch. The rationale goes into the message's body."""

    message: str = Field(min_length=1, max_length=4_000, description="First line: what it does for the user.")


class OpenPullRequest(BaseModel, extra="forbid"):
    """Record the pull request of the story's branch."""

    title: str
    description: str = Field(description="Markdown.")


class Comment(BaseModel, extra="forbid"):
    """Add a comment to the pull request."""

    author: str = Field(description="Role of the author.")
    text: str = Field(description="Markdown.")


class MergeMain(BaseModel, extra="forbid"):
    """Merge new commits of the main branch into the story's branch and the workspace."""

    main: str = Field(description="Commit of the main branch.")


class Merge(BaseModel, extra="forbid"):
    """Merge the story's branch into the main branch."""

    tree: str = Field(description="Git tree that was tested and scanned; no other is merged.")
    title: str


def open_repository(bench: Workbench, arguments: OpenRepository) -> ToolResult:
    """Open the repository and return the delivery's starting point. Raises RepositoryError if it cannot be used."""
    held = open_or_make(bench.repository, bench.home, when=bench.when)
    base = held.base_commit()
    _drop_ended_delivery(held, base, bench)
    tip = held.start_story(arguments.story)
    checkout(held, tip, bench.workspace)
    tree = held.tree_of(base)
    files = held.files(tree)
    return success(
        f"{held.folder.name} starts from {base[:12]} on {held.base}.",
        base=base,
        base_tree=tree,
        start=tip,
        generated=not is_existing(files),
        branch=_short(branch_of(bench)),
        files=len(files),
    )


def _drop_ended_delivery(held: Repository, base: str, bench: Workbench) -> None:
    """Recreate the story's branch if it contains only commits of an earlier delivery that has ended.

    These stay in the reflog and in that delivery's ledger. A branch with a person's commits is not touched.
    """
    branch = branch_of(bench)
    tip = held.ref(branch)
    if tip is None or held.is_ancestor(tip, base):
        return
    lines = held.message(tip).splitlines()
    if any(line.startswith("Delivery: ") and line != f"Delivery: {bench.delivery}" for line in lines[-2:]):
        held.update_ref(branch, base, tip)


def reset_workspace(bench: Workbench, arguments: ResetWorkspace) -> ToolResult:
    """Reset the branch and the workspace, and return their commit; later commits stay in the reflog."""
    held = repository(bench)
    branch, tip = branch_of(bench), held.required(branch_of(bench))
    if not held.is_ancestor(arguments.commit, tip):
        return failure("not_found", f"{arguments.commit} is not on the story's branch, so nothing was reset.")
    if tip != arguments.commit:
        held.update_ref(branch, arguments.commit, tip)
    checkout(held, arguments.commit, bench.workspace)
    bench.note(GENERATION_NOTE).unlink(missing_ok=True)
    return success(f"The workspace is as it was at {arguments.commit[:12]}.", commit=arguments.commit)


def commit(bench: Workbench, arguments: Commit) -> ToolResult:
    """Commit the workspace; return the commit and its tree. Having nothing to commit is not an error."""
    held = repository(bench)
    branch = branch_of(bench)
    tip = held.required(branch)
    tree = write_tree(held, bench.workspace, base=tip)
    generation = merged_generation(bench)
    parents = [tip] + ([generation] if generation and not held.is_ancestor(generation, tip) else [])
    if tree == held.tree_of(tip) and len(parents) == 1:
        return _commit_result(held, tip, "nothing_to_commit")
    message = (
        f"{published_message(bench, arguments.message)}\n\nDelivery: {bench.delivery}\nAction: {bench.action}"
    )
    # git rejects NUL characters, and a character in a model's text must not make a delivery fail.
    message = message.replace("\0", "\ufffd")
    made = held.commit(tree, parents, message, agent(bench.role), bench.when, bench.redact)
    held.update_ref(branch, made, tip)
    return _commit_result(held, made)


def published_message(bench: Workbench, message: str) -> str:
    """Return the full commit message except for its trailers, with the rationale as its body."""
    return f"{message.rstrip()}\n\n{bench.rationale}"


def probe_commit(bench: Workbench, arguments: Commit) -> ToolResult | None:
    """Return the result if the tip of the branch is the commit of this same action; otherwise None."""
    held = repository(bench)
    tip = held.required(branch_of(bench))
    if f"Action: {bench.action}" in held.message(tip).splitlines()[-2:]:
        return _commit_result(held, tip)
    return None


def open_pull_request(bench: Workbench, arguments: OpenPullRequest) -> ToolResult:
    """Store the pull request's record and diff; return its id, head commit and tree."""
    held = repository(bench)
    branch, base = branch_of(bench), held.base_commit()
    head = held.required(branch)
    identifier, tree = f"pr-{bench.delivery}", held.tree_of(head)
    changed = diff(held, base, head)
    record = {
        "id": identifier,
        "title": arguments.title,
        "description": arguments.description,
        "branch": _short(branch),
        "base": base,
        "head": head,
        "tree": tree,
        "files": [each.model_dump(mode="json") for each in changed.files],
    }
    files = counted(len(changed.files), "file")
    return success(
        f"Pull request {identifier}: {_short(branch)} into {held.base}, {files}.",
        artifacts={
            "record": bench.artifacts.put(json.dumps(record, sort_keys=True).encode()),
            "diff": bench.artifacts.put(changed.text.encode("utf-8", "replace")),
        },
        pull_request=identifier,
        head=head,
        tree=tree,
    )


def comment(bench: Workbench, arguments: Comment) -> ToolResult:
    """Store the comment as an artifact."""
    stored = bench.artifacts.put(f"{arguments.author}: {arguments.text}".encode("utf-8", "replace"))
    return success(f"{arguments.author} commented.", artifacts={"comment": stored})


def merge_main(bench: Workbench, arguments: MergeMain) -> ToolResult:
    """Merge main into the branch; return the new tip. Raises RepositoryBusy, which names the files, on a conflict.

    A person may resolve a conflict by merging main into the branch; the repeated call then uses the branch's new tip.
    """
    held, branch = repository(bench), branch_of(bench)
    tip = held.required(branch)
    if not held.is_ancestor(arguments.main, tip):
        merged = merge_commits(held, tip, arguments.main)
        if merged.conflicts:
            raise RepositoryBusy(_conflict_message(held, _short(branch), bench, merged.conflicts))
        message = (
            f"Merge {held.base} into {_short(branch)}\n\nDelivery: {bench.delivery}\nAction: {bench.action}"
        )
        parents = (tip, arguments.main)
        made = held.commit(merged.tree, parents, message, agent("crew"), bench.when, bench.redact)
        held.update_ref(branch, made, tip)
        tip = made
    checkout(held, tip, bench.workspace)
    # A person who resolved a conflict may have merged a later commit of main.
    latest = held.base_commit()
    main = latest if held.is_ancestor(latest, tip) else arguments.main
    return success(
        f"{_short(branch)} contains {held.base} at {main[:12]}.",
        base=main,
        base_tree=held.tree_of(main),
        commit=tip,
        tree=held.tree_of(tip),
    )


def _conflict_message(
    held: Repository, branch: str, bench: Workbench, conflicts: tuple[Conflict, ...]
) -> str:
    where = ", ".join(dict.fromkeys(f"{each.file}:{each.line}" for each in conflicts))
    git = f"git -C {shlex.quote(str(held.folder))}"
    return (
        f"{held.base} and {branch} have changed the same lines: {where}. Nothing was merged. Resolve it on the branch: "
        f"`{git} switch {branch}`, `{git} merge {held.base}`, edit these files and commit them, "
        f"`{git} switch {held.base}`; then `crew resume {bench.delivery}` tests the result "
        f"and asks again. Or give the change up: `crew abandon {bench.delivery}`."
    )


def merge_story(bench: Workbench, arguments: Merge) -> ToolResult:
    """Merge the branch; return the merge commit, whose trailers name the ledger and its head."""
    held = repository(bench)
    landed = merge(
        held,
        branch_of(bench),
        message=f"Merge {_short(branch_of(bench))}: {arguments.title}",
        trailers={"Delivery": bench.delivery, "Ledger": bench.ledger, "Ledger-Head": bench.ledger_head()},
        author=agent("crew"),
        when=bench.when,
        redact=bench.redact,
        expected_tree=arguments.tree,
    )
    if landed.outcome == "merged" and landed.commit:
        return _merge_result(landed.commit)
    where = ", ".join(f"{each.file}:{each.line}" for each in landed.conflicts)
    reasons = {
        "conflicts": f"main has changed the same lines: {where}.",
        "tree_changed": "main has changed, so the merge would differ from the tested tree.",
        "nothing_to_merge": "The branch has no commits that main lacks.",
    }
    return failure(landed.outcome, reasons.get(landed.outcome, "The merge produced no commit."))


def probe_merge(bench: Workbench, arguments: Merge) -> ToolResult | None:
    """Return the result if main already contains a merge of the branch's tip; otherwise None."""
    found = find_landing(repository(bench), branch_of(bench))
    return _merge_result(found) if found else None


def _commit_result(held: Repository, commit_id: str, code: str = "ok") -> ToolResult:
    summary = f"Committed as {commit_id[:12]}." if code == "ok" else "There was nothing to commit."
    files = [each.path for each in diff(held, held.base_commit(), commit_id).files]
    return success(summary, code=code, commit=commit_id, tree=held.tree_of(commit_id), files=[*files])


def _merge_result(commit_id: str) -> ToolResult:
    return success(f"Merged as {commit_id[:12]}.", version=commit_id)


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/")


def _of_branch(
    name: str, kind: Literal["array", "object"], find: Callable[[Workbench, str], JsonValue]
) -> Fact:
    """Return a fact whose value `find` computes from the tree to be merged."""
    return Fact(name, kind, lambda sources, arguments: find(sources.bench, branch_tree(sources.bench)))


def _published(*names: str) -> Fact:
    """Return a fact with the secrets in the tree to be merged, and in the arguments published with it."""
    return secrets_in(
        lambda bench, arguments: (
            changed_texts(bench, branch_tree(bench))
            | {f"the {name}": getattr(arguments, name) for name in names}
        )
    )


def _mutants(sources: FactSources, arguments: BaseModel) -> JsonValue:
    """Return the number of judged mutants of the tree to be merged, and how many of them a test detected."""
    found = sources.evidence("run_mutants")
    judged, survivors = found.get("mutants"), found.get("survivors")
    if found.get("tree") != branch_tree(sources.bench) or not isinstance(judged, int):
        return {"judged": 0, "noticed": 0}
    return {"judged": judged, "noticed": judged - (len(survivors) if isinstance(survivors, list) else judged)}


_COMMIT_FACTS = (
    BRANCH,
    Fact(
        "altered_protected",
        "array",
        lambda sources, arguments: [*altered_protected(sources.bench, workspace_tree(sources.bench))],
    ),
    secrets_in(
        lambda bench, arguments: (
            changed_texts(bench, workspace_tree(bench))
            | {"the commit message": published_message(bench, arguments.message)}
        )
    ),
)
_PULL_REQUEST_FACTS = (BRANCH, _published("title", "description"))
_COMMENT_FACTS = (secrets_in(lambda bench, arguments: {"the comment": arguments.text}),)
_MERGE_FACTS = (
    BRANCH,
    Fact("head_tree", "string", lambda sources, arguments: branch_tree(sources.bench), enables="merges"),
    Fact("approves", "string", lambda sources, arguments: branch_tree(sources.bench), required=False),
    Fact("tests", "object", lambda sources, arguments: sources.evidence("run_tests")),
    Fact("mutants", "object", _mutants),
    Fact("scan", "object", lambda sources, arguments: sources.evidence("scan_code")),
    Fact("lint", "object", lambda sources, arguments: sources.evidence("lint_tree")),
    Fact("objections", "array", lambda sources, arguments: sources.objections()),
    _published("title"),
    new_dependencies(lambda bench, arguments: repository(bench).required(branch_of(bench))),
    _of_branch(
        "contract", "object", lambda bench, tree: contract_findings(bench, tree).model_dump(mode="json")
    ),
    _of_branch(
        "migrations", "object", lambda bench, tree: {"destructive": [*destructive_migrations(bench, tree)]}
    ),
    _of_branch("altered_tests", "array", lambda bench, tree: [*altered_tests(bench, tree)]),
    _of_branch("guarding", "array", lambda bench, tree: [*guarding_changes(bench, tree)]),
)

TOOLS = (
    # Opening again finds the same branch and checks out the same workspace.
    Tool("open_repository", "write", OpenRepository, open_repository, roles=("crew",)),
    # Resetting again changes nothing.
    Tool("reset_workspace", "write", ResetWorkspace, reset_workspace, roles=("crew",), facts=(BRANCH,)),
    Tool("commit", "write", Commit, commit, roles=("code",), facts=_COMMIT_FACTS, probe=probe_commit),
    # A record is stored under its digest, so storing it again changes nothing.
    Tool(
        "open_pull_request",
        "write",
        OpenPullRequest,
        open_pull_request,
        roles=("crew",),
        facts=_PULL_REQUEST_FACTS,
    ),
    Tool("comment", "write", Comment, comment, roles=("crew",), facts=_COMMENT_FACTS),
    # If main is already merged, merging it again changes nothing.
    Tool("merge_main", "write", MergeMain, merge_main, roles=("crew",), facts=(BRANCH,)),
    Tool("merge", "write", Merge, merge_story, roles=("crew",), facts=_MERGE_FACTS, probe=probe_merge),
)
