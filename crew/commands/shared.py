"""Helpers shared by the `crew` commands: the home, the person, the exit code."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from crew.errors import BadInput
from crew.known_secrets import HOME_USED
from crew.printable import as_typed, say


def leave(error: Exception) -> NoReturn:
    """Print an error and exit with its code."""
    say(f"crew: {as_typed(str(error))}", err=True)
    sys.exit(getattr(error, "exit_code", 1))


def existing_home(home: Path | None) -> Path:
    """Return the home that a command works on; raises BadInput if there is none."""
    folder = home or Path(".crew")
    click.get_current_context().meta[HOME_USED] = folder
    if not (folder / "ledger.db").is_file():
        raise BadInput(
            f"{folder} has no ledger. Pass the home that `crew run` used: --home FOLDER, or CREW_HOME."
        )
    return folder


def person() -> str:
    """Return the name of the user running the command."""

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # users in containers may have no name
        return f"user {os.getuid()}"
