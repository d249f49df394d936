"""Reads the crew's records in a repository: ledger anchors and trailers of merge commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.git.ref_names import ledger_ref

if TYPE_CHECKING:
    from tools.git.repository import Repository


def read_anchors(repository: Repository) -> dict[str, str]:
    """Return the text of every anchor, by its name if that is a plain id."""
    prefix = ledger_ref("x")[:-1]
    listed = repository.git.text("for-each-ref", "--format=%(objectname) %(refname)", prefix)
    lines = (line.split(" ", 1) for line in listed.splitlines())
    return {
        ref.removeprefix(prefix): repository.blob(stored).decode("utf-8", "replace") for stored, ref in lines
    }


def read_trailers(repository: Repository, key: str, value: str) -> dict[str, str]:
    """Return the trailer `value` of the base branch's merge commits, by their trailer `key`.

    If several merges have the same key, the newest wins.
    """
    fields = "%x00".join(f"%(trailers:key={name},valueonly,separator=%x20)" for name in (key, value))
    base = repository.base_commit()
    listed = repository.git.text("log", "--first-parent", "--merges", f"--format={fields}", base)
    pairs = [line.split("\0", 1) for line in listed.splitlines() if "\0" in line]
    return {named.strip(): held.strip() for named, held in reversed(pairs) if named.strip()}
