"""Heads of ledgers, stored in a service's repository as refs and merge trailers."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tools.errors import RepositoryError
from tools.git import attach_repository
from tools.projects.trees import repository
from tools.result import Workbench


def anchor(bench: Workbench, number: int, head: str) -> None:
    """Store the number and hash of a delivery's last row in the repository, once; it never changes.

    A repository that cannot be used is ignored, as that is the reason why the delivery ended.
    """
    with contextlib.suppress(RepositoryError):
        held = repository(bench)
        if held.read_anchor(bench.delivery) is None:
            held.anchor(bench.delivery, f"{number} {head} {bench.ledger}")


def anchors(folder: Path, home: Path) -> dict[str, str]:
    """Return the anchors in a repository by delivery: number and hash of the last row, and the ledger's id."""
    return attach_repository(folder, home, reads=True).anchors()


def landings(folder: Path, home: Path) -> dict[str, str]:
    """Return the ledger head that each delivery's merge commit names in its trailer, by delivery."""
    return attach_repository(folder, home, reads=True).trailers("Delivery", "Ledger-Head")


def ledgers(folder: Path, home: Path) -> dict[str, str]:
    """Return the ledger id of each delivery known to a repository, by delivery."""
    named = {delivery: text.split()[-1] for delivery, text in anchors(folder, home).items() if text.split()}
    return attach_repository(folder, home, reads=True).trailers("Delivery", "Ledger") | named


def opened_under(home: Path) -> list[Path]:
    """Return the paths of all repositories that were opened with a home folder."""
    # The git folder kept under the home for each repository links to that repository's objects.
    links = [each for each in (home / "git").glob("*/objects") if each.is_symlink()]
    return sorted({each.readlink().parent.parent for each in links})
