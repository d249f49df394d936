"""The errors that end a command, and the exit code of each.

CrewError
├── BadInput        2  a story file, an argument or a setting is invalid; nothing was started
├── NeedsPerson     3  a person has to approve or answer first
├── MachineLacks    4  this machine lacks something that the crew requires
├── Stopped         1  the delivery cannot continue
│   ├── BoundReached       a limit on steps, repairs, money or time was reached
│   ├── LeaseTaken         another process owns the delivery
│   ├── LedgerDamaged      the ledger is inconsistent, so nothing may rely on it
│   ├── WrittenLater       the home was written by a later version of Shipcrew
│   └── ReplayMismatch     a recording does not contain the requested call
├── Interrupted     1  a person interrupted the command
└── Unexpected      1  an unexpected internal error
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


def problems_in(error: ValidationError) -> list[str]:
    """Return one "location: message" string for each problem that pydantic found."""
    return [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]


class CrewError(Exception):
    """Base class of all errors; the message says what happened, why, and how to fix it."""

    exit_code = 1


class BadInput(CrewError):  # noqa: N818  the name of the event reads better without the suffix
    """A story file, an argument or a setting is invalid; nothing was started."""

    exit_code = 2


class NeedsPerson(CrewError):  # noqa: N818
    """A person has to approve or answer before this can continue."""

    exit_code = 3


class MachineLacks(CrewError):  # noqa: N818
    """This machine lacks something that the crew requires."""

    exit_code = 4


class Stopped(CrewError):  # noqa: N818
    """The delivery cannot continue."""


class BoundReached(Stopped):
    """A limit on steps, repairs, money or time was reached."""


class Interrupted(CrewError):  # noqa: N818
    """A person interrupted the command."""


class LeaseTaken(Stopped):
    """Another process holds the lease of the delivery."""


class LedgerDamaged(Stopped):
    """The ledger is inconsistent, so nothing may rely on it."""


class WrittenLater(Stopped):
    """The home was written by a later version of Shipcrew, which this version would misread."""


class ReplayMismatch(Stopped):
    """A recording does not contain the requested call."""


class Unexpected(CrewError):  # noqa: N818
    """An unexpected internal error; the traceback is saved."""
