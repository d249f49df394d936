"""Access to the objects and refs of a service's git repository, without its working tree."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.errors import RepositoryError
from tools.git import ref_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from tools.git.command import Command
    from tools.git.identity import Identity
    from tools.redaction import Redactor

_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_BATCH = 200
"""Number of blobs that one git process reads."""
_OURS = ("refs/heads/crew/", "refs/crew/")


@dataclass(frozen=True)
class Entry:
    """One file in a tree."""

    mode: str
    """"100644", "100755", "120000" for a symbolic link, "160000" for a submodule."""
    id: str
    path: str


@dataclass(frozen=True)
class Repository:
    """An open repository, as returned by `open_repository`.

    Ids are hexadecimal strings; paths are relative and separated by "/". Ids depend only on content, so repeating a
    commit with the same arguments yields the same commit.
    """

    folder: Path
    base: str
    """Short name of the protected branch that stories are merged into, such as "main"."""
    person: Identity
    """The committer of all commits."""
    git: Command

    @property
    def base_ref(self) -> str:
        """Full ref name of the protected branch."""
        return f"refs/heads/{self.base}"

    def ref(self, name: str) -> str | None:
        """Return the id that a full ref name points to, or None if the ref does not exist."""
        done = self.git.attempt("show-ref", "--verify", "--hash", "--", full_ref(name))
        return done.stdout.decode().strip() if done.status == 0 else None

    def tree_of(self, commit: str) -> str:
        """Return the id of a commit's tree; for a tree, its own id."""
        return self.git.text("rev-parse", "--verify", f"{full_id(commit)}^{{tree}}")

    def message(self, commit: str) -> str:
        """Return the full message of a commit."""
        body = self.git.run("cat-file", "commit", full_id(commit)).decode("utf-8", "replace")
        return body.partition("\n\n")[2]

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether `older` is reachable from `newer`."""
        done = self.git.attempt("merge-base", "--is-ancestor", full_id(older), full_id(newer))
        if done.status not in (0, 1):
            raise RepositoryError(f"git cannot compare commits in {self.folder}: {done.stderr}")
        return done.status == 0

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor, or None for unrelated histories."""
        return self.git.attempt("merge-base", full_id(one), full_id(other)).stdout.decode().strip() or None

    def commit(
        self,
        tree: str,
        parents: Sequence[str],
        message: str,
        author: Identity,
        when: datetime,
        redact: Redactor,
    ) -> str:
        """Create a commit by `author` at `when`, with secrets removed from its message, and return its id.

        The person is the committer. No ref is moved.
        """
        if "\0" in message:
            raise RepositoryError("A commit message contains a NUL character. Remove it.")
        options = [word for parent in parents for word in ("-p", full_id(parent))]
        text = (redact.text(message.rstrip()) + "\n").encode("utf-8", "replace")
        identities = self._identities(author, when)
        done = self.git.run(
            "commit-tree", full_id(tree), *options, "-F", "-", stdin=text, identities=identities
        )
        return done.decode().strip()

    def update_ref(self, name: str, new: str, expected_old: str | None) -> None:
        """Move a story branch or one of the crew's own refs if it still has the value `expected_old`.

        None means that the ref does not exist. Repeating the call is harmless. Raises RepositoryError if the ref has
        another value or is checked out.
        """
        if not full_ref(name).startswith(_OURS):
            raise RepositoryError(f"The crew may not move {name}: {self.base} is changed only by merging.")
        if self.ref(name) == new:
            return
        if name in self.checked_out():
            raise RepositoryError(
                f"The branch {name.removeprefix('refs/heads/')} is checked out in {self.folder}, and the "
                f"crew is about to move it. Switch away from it: git -C {self.folder} switch {self.base}"
            )
        self.swap(name, new, expected_old)

    def swap(self, name: str, new: str, expected_old: str | None, reason: str = "crew") -> None:
        """Update any ref by compare and swap; called only by `update_ref`, by merging and for a first commit."""
        old = full_id(expected_old) if expected_old else "0" * len(full_id(new))
        arguments = ("update-ref", "--no-deref", "-m", reason, full_ref(name), new, old)
        done = self.git.attempt(*arguments, identities=self._committer())
        if done.status != 0:
            found = self.ref(name) or "nothing"
            raise RepositoryError(
                f"{name} could not be moved from {expected_old or 'nothing'} to {new}; it is at {found}. "
                f"Someone else changed it meanwhile: check it, then run again. ({done.stderr})"
            )

    def start_story(self, story: str) -> str:
        """Return the tip of the story's branch, creating the branch if it does not exist.

        A branch without commits of its own is moved to the base. Raises RepositoryError if base and branch have
        diverged.
        """
        branch = ref_names.story_branch(story)
        base, tip = self.base_commit(), self.ref(branch)
        if tip is None or (tip != base and self.is_ancestor(tip, base)):
            self.update_ref(branch, base, tip)
            return base
        if self.is_ancestor(base, tip):
            return tip
        short = branch.removeprefix("refs/heads/")
        raise RepositoryError(
            f"{short} and {self.base} have diverged: each has commits that the other lacks. Rebase "
            f"(git -C {self.folder} rebase {self.base} {short}) or delete the branch (git -C "
            f"{self.folder} branch -D {short})."
        )

    def required(self, name: str) -> str:
        """Return the id that a ref points to. Raises RepositoryError if it does not exist."""
        found = self.ref(name)
        if found is None:
            raise RepositoryError(f"{name} no longer exists in {self.folder}. Restore it from git's reflog.")
        return found

    def base_commit(self) -> str:
        """Return the tip of the protected branch. Raises RepositoryError if the branch does not exist."""
        return self.required(self.base_ref)

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """Return every file of a tree or commit, sorted by path."""
        listing = self.git.run("ls-tree", "-r", "-z", "--full-tree", full_id(tree))
        found = []
        for record in listing.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            about, _, path = record.partition("\t")
            mode, _, object_id = about.split(" ")
            found.append(Entry(mode=mode, id=object_id, path=path))
        return tuple(found)

    def files(self, tree: str) -> tuple[str, ...]:
        """Return the paths of all files of a tree or commit."""
        return tuple(entry.path for entry in self.entries(tree))

    def show(self, tree: str, path: str) -> bytes | None:
        """Return the content of one file of a tree or commit, or None if there is no such path."""
        if posixpath.normpath(path) != path or path.startswith(("/", "..")):
            return None
        listing = self.git.run("ls-tree", "-z", "--full-tree", full_id(tree), "--", path)
        about, _, found = listing.decode("utf-8", "surrogateescape").rstrip("\0").partition("\t")
        if found != path or " blob " not in about:
            return None
        return self.blob(about.split(" ")[2])

    def text(self, tree: str, path: str) -> str | None:
        """Return the content of one file like `show`, but decoded; U+FFFD replaces bytes that are not valid UTF-8."""
        content = self.show(tree, path)
        return None if content is None else content.decode("utf-8", "replace")

    def blob(self, object_id: str) -> bytes:
        """Return the content of a blob."""
        return self.git.run("cat-file", "blob", full_id(object_id))

    def blobs(self, object_ids: Sequence[str]) -> Iterator[bytes]:
        """Yield the content of each blob, in order. Raises RepositoryError for anything but a blob."""
        for start in range(0, len(object_ids), _BATCH):
            wanted = object_ids[start : start + _BATCH]
            listing = "".join(f"{full_id(each)}\n" for each in wanted).encode()
            output = self.git.run("cat-file", "--batch", stdin=listing)
            place = 0
            for each in wanted:
                end = output.index(b"\n", place)
                _, kind, *size = output[place:end].split(b" ")
                if kind != b"blob":
                    raise RepositoryError(f"{each} is not a file in {self.folder}. Restore it from a clone.")
                place = end + 1 + int(size[0])
                yield output[end + 1 : place]
                place += 1

    def store(self, content: bytes) -> str:
        """Store bytes as a blob and return its id."""
        return self.git.text("hash-object", "-w", "--no-filters", "--stdin", stdin=content)

    def anchor(self, name: str, text: str) -> str:
        """Store a text under `refs/crew/ledger/<name>`, replacing any earlier one, and return the id of its blob."""
        stored = self.store(text.encode())
        self.update_ref(ref_names.ledger_ref(name), stored, self.ref(ref_names.ledger_ref(name)))
        return stored

    def read_anchor(self, name: str) -> str | None:
        """Return the text that `anchor` stored under a name, or None."""
        found = self.ref(ref_names.ledger_ref(name))
        return None if found is None else self.blob(found).decode("utf-8", "replace")

    def anchors(self) -> dict[str, str]:
        """Return the text of every anchor, keyed by its name as escaped by `ref_names.safe`."""
        prefix = ref_names.ledger_ref("x")[:-1]
        listing = self.git.text("for-each-ref", "--format=%(objectname) %(refname)", prefix)
        lines = (line.split(" ", 1) for line in listing.splitlines())
        return {ref.removeprefix(prefix): self.blob(blob).decode("utf-8", "replace") for blob, ref in lines}

    def trailers(self, key: str, value: str) -> dict[str, str]:
        """Return a mapping from the trailer `key` of each merge commit on the base branch to its trailer `value`.

        If several merges have the same key, the newest takes precedence.
        """
        fields = "%x00".join(f"%(trailers:key={name},valueonly,separator=%x20)" for name in (key, value))
        listing = self.git.text("log", "--first-parent", "--merges", f"--format={fields}", self.base_commit())
        pairs = [line.split("\0", 1) for line in listing.splitlines() if "\0" in line]
        return {name.strip(): text.strip() for name, text in reversed(pairs) if name.strip()}

    def head_branch(self) -> str | None:
        """Return the full ref name of the branch that the person has checked out, or None if HEAD is detached."""
        return read_head(self.git.git_folder / "HEAD")

    def checked_out(self) -> set[str]:
        """Return the full ref names of the branches that are checked out in any working tree of the repository."""
        heads = [self.git.git_folder / "HEAD", *self.git.git_folder.glob("worktrees/*/HEAD")]
        return {branch for head in heads if (branch := read_head(head))}

    def _committer(self) -> dict[str, str]:
        return {"GIT_COMMITTER_NAME": self.person.name, "GIT_COMMITTER_EMAIL": self.person.email}

    def _identities(self, author: Identity, when: datetime) -> dict[str, str]:
        moment = f"@{int(when.timestamp())} +0000"
        return {
            **self._committer(),
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_AUTHOR_DATE": moment,
            "GIT_COMMITTER_DATE": moment,
        }


def read_head(path: Path) -> str | None:
    """Return the full ref name of the branch in a HEAD file, or None if it contains a commit or does not exist."""
    if not path.is_file():
        return None
    found = re.fullmatch(r"ref: (refs/heads/[^\s]+)\n?", path.read_text(errors="replace")[:1000])
    return found.group(1) if found else None


def full_id(text: str) -> str:
    """Return the text if it is a full object id, not an option or revision expression, else raise RepositoryError."""
    if not _ID.fullmatch(text):
        raise RepositoryError(f"{text!r} is not the full id of a git object, such as 40 hexadecimal digits.")
    return text


def full_ref(text: str) -> str:
    """Return the text if it looks like a full ref name, else raise RepositoryError; git checks the details."""
    if not text.startswith("refs/") or re.search(r"[\x00-\x20~^:?*\[\\\x7f]|\.\.|@\{|//|\.$|/$", text):
        raise RepositoryError(f"{text!r} is not a full ref name, such as refs/heads/main.")
    return text
