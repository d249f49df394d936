"""A service's git repository: objects and refs, without its working tree."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.errors import RepositoryError
from tools.git import ref_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from tools.git.command import Command
    from tools.git.identity import Identity
    from tools.redaction import Redactor

_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_OURS = ("refs/heads/crew/", "refs/crew/")


@dataclass(frozen=True)
class Entry:
    """One file of a tree."""

    mode: str
    """"100644", "100755", "120000" for a symbolic link, "160000" for a submodule."""
    id: str
    path: str


@dataclass(frozen=True)
class Repository:
    """An opened repository. Get one from `open_repository`.

    Ids are hex strings, paths are relative with "/". Ids depend only on content, so repeating a commit
    with the same arguments gives the same commit.
    """

    folder: Path
    base: str
    """Short name of the protected branch that stories are merged into: "main"."""
    person: Identity
    """Committer of all commits."""
    git: Command

    @property
    def base_ref(self) -> str:
        """Full ref name of the protected branch."""
        return f"refs/heads/{self.base}"

    def ref(self, name: str) -> str | None:
        """Return the id that a full ref name holds, or None if there is none."""
        done = self.git.attempt("show-ref", "--verify", "--hash", "--", full_ref(name))
        return done.stdout.decode().strip() if done.status == 0 else None

    def tree_of(self, commit: str) -> str:
        """Return the tree of a commit (or of a tree: itself)."""
        return self.git.text("rev-parse", "--verify", f"{full_id(commit)}^{{tree}}")

    def message(self, commit: str) -> str:
        """Return the whole message of a commit."""
        body = self.git.run("cat-file", "commit", full_id(commit)).decode("utf-8", "replace")
        return body.partition("\n\n")[2]

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `older` is reachable from `newer`."""
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
        """Create a commit by `author` at `when`, its message redacted, and return its id.

        No ref moves; the person is the committer.
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
        """Move a story branch or one of the crew's own refs, if its value is still `expected_old` (None: does
        not exist).

        Repeating it is harmless. Raises RepositoryError if someone else moved it or has the branch checked out.
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
        """Compare and swap any ref; called only by `update_ref` and by merging."""
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
        """Return the tip of the story's branch `ref_names.story_branch(story)`, created if missing, and moved to the
        base if it has no commits of its own. Raises RepositoryError if base and branch have diverged.
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
        """Return the id of a ref; raises RepositoryError if it does not exist."""
        found = self.ref(name)
        if found is None:
            raise RepositoryError(f"{name} no longer exists in {self.folder}. Restore it from git's reflog.")
        return found

    def base_commit(self) -> str:
        """Return the commit of the protected branch; raises RepositoryError if there is none."""
        return self.required(self.base_ref)

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """Return every file of a tree or commit, by path."""
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
        """Return a file as `show` does, decoded; U+FFFD replaces bytes that are not UTF-8."""
        content = self.show(tree, path)
        return None if content is None else content.decode("utf-8", "replace")

    def blob(self, object_id: str) -> bytes:
        """Return the content of a blob."""
        return self.git.run("cat-file", "blob", full_id(object_id))

    def store(self, content: bytes) -> str:
        """Store a blob and return its id."""
        return self.git.text("hash-object", "-w", "--no-filters", "--stdin", stdin=content)

    def anchor(self, name: str, text: str) -> str:
        """Store a text under `refs/crew/ledger/<name>`, replacing an earlier one, and return its id."""
        stored = self.store(text.encode())
        self.update_ref(ref_names.ledger_ref(name), stored, self.ref(ref_names.ledger_ref(name)))
        return stored

    def read_anchor(self, name: str) -> str | None:
        """Return the text stored under a name, or None."""
        found = self.ref(ref_names.ledger_ref(name))
        return None if found is None else self.blob(found).decode("utf-8", "replace")

    def anchors(self) -> dict[str, str]:
        """Return the text of every anchor, by its name if that is a plain id."""
        prefix = ref_names.ledger_ref("x")[:-1]
        listing = self.git.text("for-each-ref", "--format=%(objectname) %(refname)", prefix)
        lines = (line.split(" ", 1) for line in listing.splitlines())
        return {ref.removeprefix(prefix): self.blob(blob).decode("utf-8", "replace") for blob, ref in lines}

    def trailers(self, key: str, value: str) -> dict[str, str]:
        """Return the trailer `value` of the base branch's merge commits, by their trailer `key`.

        If several merges have the same key, the newest wins.
        """
        fields = "%x00".join(f"%(trailers:key={name},valueonly,separator=%x20)" for name in (key, value))
        listing = self.git.text("log", "--first-parent", "--merges", f"--format={fields}", self.base_commit())
        pairs = [line.split("\0", 1) for line in listing.splitlines() if "\0" in line]
        return {name.strip(): text.strip() for name, text in reversed(pairs) if name.strip()}

    def head_branch(self) -> str | None:
        """Return the full name of the branch that the person has checked out; None if HEAD is detached."""
        return read_head(self.git.git_folder / "HEAD")

    def checked_out(self) -> set[str]:
        """Return the branches that any working tree of the repository has checked out."""
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
    """Return the branch that a HEAD file names, or None when it names a commit or cannot be read."""
    if not path.is_file():
        return None
    found = re.fullmatch(r"ref: (refs/heads/[^\s]+)\n?", path.read_text(errors="replace")[:1000])
    return found.group(1) if found else None


def full_id(text: str) -> str:
    """Return the text if it is a full object id, so neither an option nor an expression; or raise."""
    if not _ID.fullmatch(text):
        raise RepositoryError(f"{text!r} is not the full id of a git object, such as 40 hexadecimal digits.")
    return text


def full_ref(text: str) -> str:
    """Return the text if it can be a full ref name, or raise RepositoryError; git checks the details."""
    if not text.startswith("refs/") or re.search(r"[\x00-\x20~^:?*\[\\\x7f]|\.\.|@\{|//|\.$|/$", text):
        raise RepositoryError(f"{text!r} is not a full ref name, such as refs/heads/main.")
    return text
