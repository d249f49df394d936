"""Merging trees with git's own merge algorithm, without a working tree."""

from __future__ import annotations

import difflib
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from tools.errors import RepositoryError
from tools.git import ref_names
from tools.git.repository import full_id
from tools.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.git.identity import Identity
    from tools.git.repository import Repository

_GENERATION = "Crew-Generation:"
"""Trailer that identifies the commits of generations."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Conflict(BaseModel, frozen=True):
    """A place in a file where the two sides of a merge made conflicting changes."""

    file: str
    line: int
    """First conflicting line in our version of the file, counted from 1; 1 if the whole file is in conflict."""
    kind: str
    """The kind of conflict in git's terms, such as "contents" (including binary files) or "modify/delete"."""
    ours: str
    """Our conflicting lines, or our whole file for conflicts other than "contents"; "" if there is none."""
    theirs: str


class Merged(BaseModel, frozen=True):
    """The result of a merge."""

    tree: str
    """Id of the merged tree, in which files with conflicts contain git's conflict markers."""
    conflicts: tuple[Conflict, ...] = ()


def commit_generation(
    repository: Repository,
    files: Mapping[str, str],
    parent: str | None,
    message: str,
    author: Identity,
    when: datetime,
    redact: Redactor,
) -> str:
    """Commit a pure generation, which consists of exactly these files, and return the commit.

    `parent` is the generation it builds on, as returned by `last_generation`; if the files are the same, the parent
    is returned. `refs/crew/generated` is moved to the commit, even if an abandoned delivery left it elsewhere.
    """
    tree = store_files(repository, files)
    tip = repository.ref(ref_names.GENERATED)
    if parent is not None and repository.tree_of(parent) == tree:
        commit = parent
    else:
        text = f"{message.rstrip()}\n\n{_GENERATION} {tree}"
        commit = repository.commit(tree, (parent,) if parent else (), text, author, when, redact)
    repository.update_ref(ref_names.GENERATED, commit, tip)
    return commit


def last_generation(repository: Repository, branch: str) -> str | None:
    """Return the newest generation that was merged into a commit of a branch, or None.

    It is searched for in the history because a fresh clone lacks the ref. Commits whose message merely mentions a
    generation are ignored: their message does not end with the id of their own tree.
    """
    grep = f"--grep=^{_GENERATION} "
    listed = repository.git.text("log", "--topo-order", "--format=%H %T", grep, full_id(branch))
    for line in listed.splitlines():
        commit, tree = line.split()
        if repository.message(commit).endswith(f"\n{_GENERATION} {tree}\n"):
            return commit
    return None


def merge_generation(repository: Repository, branch: str, generation: str, tree: str | None = None) -> Merged:
    """Merge a generation into a commit of a branch, preserving hand-written changes.

    The merge base is found in the history, so the result must be committed with the parents (branch, generation).
    `tree`, if given, is the tree of the branch including uncommitted changes.
    """
    base = repository.merge_base(branch, generation)
    return merge_trees(repository, base, tree or branch, generation)


def merge_trees(repository: Repository, base: str | None, ours: str, theirs: str) -> Merged:
    """Merge two trees or commits derived from `base` (None: the empty tree), disregarding their history."""
    root = repository.tree_of(base) if base else repository.git.text("mktree")
    start = _stand_in(repository, root, ())
    return merge_commits(
        repository,
        _stand_in(repository, repository.tree_of(ours), (start,)),
        _stand_in(repository, repository.tree_of(theirs), (start,)),
    )


def merge_commits(repository: Repository, ours: str, theirs: str) -> Merged:
    """Merge two commits; the merge base is found in their history."""
    options = ("--write-tree", "-z", "--allow-unrelated-histories")
    done = repository.git.attempt("merge-tree", *options, full_id(ours), full_id(theirs))
    if done.status not in (0, 1):
        raise RepositoryError(f"git could not merge in {repository.folder}: {done.stderr}")
    fields = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    if done.status == 0:
        return Merged(tree=fields[0])
    stages, kinds = _read_conflicts(fields[1:])
    tree, conflicts = fields[0], []
    for path, sides in sorted(stages.items()):
        kind = kinds.get(path, "contents")
        conflicts += _conflicts_of(repository, tree, path, sides, kind, (ours, theirs))
    return Merged(tree=tree, conflicts=tuple(conflicts))


def store_files(repository: Repository, files: Mapping[str, str]) -> str:
    """Store files, a mapping from path to text, as a tree and return its id."""
    paths = sorted(files)
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(paths):
            (Path(folder) / str(number)).write_bytes(files[path].encode())
        listing = "\n".join(str(Path(folder) / str(number)) for number in range(len(paths)))
        ids = repository.git.text(
            "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=listing.encode()
        ).split()
        records = "".join(f"100644 {blob}\t{path}\0" for path, blob in zip(paths, ids, strict=True))
        index = Path(folder) / "index"
        repository.git.run("update-index", "-z", "--index-info", stdin=records.encode(), index=index)
        return repository.git.text("write-tree", index=index)


def _stand_in(repository: Repository, tree: str, parents: tuple[str, ...]) -> str:
    """Return a reproducible commit of a tree, on no branch, for a merge: git 2.38 can merge only commits."""
    return repository.commit(tree, parents, "A tree to merge", repository.person, _EPOCH, Redactor(()))


def _read_conflicts(fields: list[str]) -> tuple[dict[str, dict[int, str]], dict[str, str]]:
    """Return, by path, the conflicting blobs by stage (1 base, 2 ours, 3 theirs) and the kinds of conflict."""
    stages: dict[str, dict[int, str]] = {}
    end = fields.index("")
    for record in fields[:end]:
        about, _, path = record.partition("\t")
        _, blob, stage = about.split(" ")
        stages.setdefault(path, {})[int(stage)] = blob
    kinds: dict[str, str] = {}
    rest = fields[end + 1 :]
    while len(rest) > 1:
        count = int(rest[0])
        paths, kind = rest[1 : count + 1], rest[count + 1]
        if kind.startswith("CONFLICT"):
            kinds.update(dict.fromkeys(paths, kind.removeprefix("CONFLICT (").removesuffix(")")))
        rest = rest[count + 3 :]
    return stages, kinds


def _conflicts_of(
    repository: Repository, tree: str, path: str, stages: dict[int, str], kind: str, commits: tuple[str, str]
) -> list[Conflict]:
    ours, theirs = (
        repository.blob(stages[stage]).decode("utf-8", "replace") if stage in stages else ""
        for stage in (2, 3)
    )
    merged = repository.text(tree, path) or ""
    blocks = _blocks(merged, ours, theirs, commits) if 2 in stages and 3 in stages else []
    if not blocks:
        return [Conflict(file=path, line=1, kind=kind, ours=ours, theirs=theirs)]
    return [Conflict(file=path, line=line, kind=kind, ours=one, theirs=other) for line, one, other in blocks]


def _blocks(merged: str, ours: str, theirs: str, commits: tuple[str, str]) -> list[tuple[int, str, str]]:
    """Return the line number in our file, our lines and their lines for each conflict in a text with markers.

    The commit ids that follow the markers distinguish them from similar text.
    """
    found: list[tuple[int, str, str]] = []
    resolved: list[str] = []
    block: list[str] | None = None
    for line in _lines(merged):
        if line.startswith(f"<<<<<<< {commits[0]}"):
            block = []
        elif line.startswith(f">>>>>>> {commits[1]}") and block is not None:
            one, other = _sides(block, ours, theirs)
            found.append((len(resolved), "".join(one), "".join(other)))
            resolved += one
            block = None
        elif block is not None:
            block.append(line)
        else:
            resolved.append(line)
    lines = _lines(ours)
    starts = _places([start for start, _, _ in found], resolved, lines)
    last = max(len(lines), 1)
    return [(min(place + 1, last), one, other) for place, (_, one, other) in zip(starts, found, strict=True)]


def _sides(block: list[str], ours: str, theirs: str) -> tuple[list[str], list[str]]:
    """Split a conflict at its "=======" marker, a line that the text itself may contain, for example in headings."""
    middles = [number for number, line in enumerate(block) if line.rstrip("\r\n") == "======="]
    for middle in middles:
        one, other = block[:middle], block[middle + 1 :]
        if "".join(one) in ours and "".join(other) in theirs:
            return one, other
    return block[: middles[0]], block[middles[0] + 1 :]


def _places(starts: list[int], resolved: list[str], ours: list[str]) -> list[int]:
    """Translate line numbers of the merged text, resolved with our side of each conflict, to those of our file."""
    steps = difflib.SequenceMatcher(None, resolved, ours, autojunk=False).get_opcodes()
    places = []
    for start in starts:
        step = next((step for step in steps if step[1] <= start < step[2]), None)
        if step is None:
            places.append(len(ours))
        else:
            places.append(step[3] + (start - step[1] if step[0] == "equal" else 0))
    return places


def _lines(text: str) -> list[str]:
    """Split a text into lines as git does, at line feeds only."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
