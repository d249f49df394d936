"""Heads of ledgers, stored in a service's repository as refs and merge trailers."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from tools.errors import RepositoryError
from tools.git import attach_repository
from tools.projects.trees import repository
from tools.result import Workbench

State = Literal["ended", "waiting", "running"]
"""State of a delivery: its chain ends at the anchor or, if it is "running", may have grown since."""

_ANCHOR = re.compile(r"(\d+) (sha256:[0-9a-f]{64})(?: (l-[0-9a-f]+|none))?(?: (waiting|running))?")


@dataclass(frozen=True)
class Anchor:
    """The end of a delivery's chain, as last stored in the repository."""

    number: int
    """Number of the last row."""
    head: str
    """Hash of the last row."""
    ledger: str = ""
    """Id of the ledger; "" if the anchor does not name it."""
    state: State = "ended"

    def __str__(self) -> str:
        state = "" if self.state == "ended" else f" {self.state}"
        return f"{self.number} {self.head} {self.ledger}{state}"

    def agrees_with(self, hashes: Sequence[str]) -> bool:
        """Return whether a chain with these hashes ends at the anchor or, for a running delivery, contains it."""
        if self.state != "running" and len(hashes) != self.number:
            return False
        return hashes[self.number - 1 : self.number] == [self.head]


def parse_anchor(text: str) -> Anchor | None:
    """Return the anchor that a text describes, or None if it describes none."""
    match = _ANCHOR.fullmatch(text.strip())
    if match is None or not int(match[1]):
        return None
    return Anchor(int(match[1]), match[2], match[3] or "", cast(State, match[4] or "ended"))


def anchor(bench: Workbench, hashes: Sequence[str], state: State) -> None:
    """Store the end of a delivery's chain in the repository; `hashes` are the hashes of its rows, in order.

    An anchor moves only along a chain that agrees with it, so that it still reveals any change to earlier rows; the
    anchor of an ended delivery never moves. A repository that cannot be used is ignored: either that is why the
    delivery ended, or the repository has not been created yet.
    """
    with contextlib.suppress(RepositoryError):
        held = repository(bench)
        text = held.read_anchor(bench.delivery)
        before = None if text is None else parse_anchor(text)
        if text is not None and (before is None or not before.agrees_with(hashes) or before.state == "ended"):
            return
        if text is None and state == "running":
            return
        fresh = str(Anchor(len(hashes), hashes[-1], bench.ledger, state))
        if fresh != text:
            held.anchor(bench.delivery, fresh)


def anchors(folder: Path, home: Path) -> dict[str, str]:
    """Return the text of each anchor in a repository, by delivery; see `parse_anchor`."""
    return attach_repository(folder, home, reads=True).anchors()


def landings(folder: Path, home: Path) -> dict[str, str]:
    """Return the ledger head that each delivery's merge commit names in its trailer, by delivery."""
    return attach_repository(folder, home, reads=True).trailers("Delivery", "Ledger-Head")


def ledgers(folder: Path, home: Path) -> dict[str, str]:
    """Return the ledger id of each delivery known to a repository, by delivery."""
    held = {delivery: parse_anchor(text) for delivery, text in anchors(folder, home).items()}
    named = {delivery: each.ledger for delivery, each in held.items() if each}
    return attach_repository(folder, home, reads=True).trailers("Delivery", "Ledger") | named


def opened_under(home: Path) -> list[Path]:
    """Return the paths of all repositories that have been opened under a home folder."""
    # The git folder kept under the home for each repository links to that repository's objects.
    links = [each for each in (home / "git").glob("*/objects") if each.is_symlink()]
    return sorted({each.readlink().parent.parent for each in links})
