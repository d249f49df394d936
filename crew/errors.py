"""What ends a command, with the exit code that it ends with.

CrewError
├── BadInput        2  a story file, an argument or a setting is wrong; nothing was started
├── NeedsPerson     3  somebody has to approve or answer first
├── MachineLacks    4  this machine lacks something that the crew cannot do without
├── Stopped         1  the delivery cannot go on
│   ├── BoundReached       a limit on steps, repairs, money or time
│   ├── LeaseTaken         another process owns the delivery
│   ├── LedgerDamaged      the ledger does not add up, so nothing is built on it
│   ├── WrittenLater       a later version wrote the home, so this one does not read it
│   └── ReplayMismatch     a recording does not hold what is asked of it
├── Interrupted     1  a person ended the command
└── Unexpected      1  a fault of the crew's own, which nobody foresaw
"""

from __future__ import annotations


class CrewError(Exception):
    """Says what happened, why, and what mends it."""

    exit_code = 1


class BadInput(CrewError):  # noqa: N818  the name of what happened reads better than an ...Error
    """A story file, an argument or a setting is wrong; nothing was started."""

    exit_code = 2


class NeedsPerson(CrewError):  # noqa: N818
    """Somebody has to approve or answer before this can go on."""

    exit_code = 3


class MachineLacks(CrewError):  # noqa: N818
    """This machine lacks something that the crew cannot do without."""

    exit_code = 4


class Stopped(CrewError):  # noqa: N818
    """The delivery cannot go on."""


class BoundReached(Stopped):
    """A limit on steps, repairs, money or time was reached."""


class Interrupted(CrewError):  # noqa: N818
    """A person ended the command."""


class LeaseTaken(Stopped):
    """Another process owns the delivery."""


class LedgerDamaged(Stopped):
    """The ledger does not add up, so nothing is built on it."""


class WrittenLater(Stopped):
    """A later version of Shipcrew wrote the home, and this one would misread it."""


class ReplayMismatch(Stopped):
    """A recording does not hold what is asked of it."""


class Unexpected(CrewError):  # noqa: N818
    """A fault of the crew's own, which nobody foresaw; the traceback is kept."""
