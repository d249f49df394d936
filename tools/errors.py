"""What no caller can mend by calling again.

    ToolError
    ├── RepositoryError      the git repository is not in a state to work on
    ├── SandboxUnavailable   this machine offers no sandbox
    └── PlatformError        the local platform does not answer
"""

from __future__ import annotations


class ToolError(Exception):
    """A tool cannot go on; says what happened, why, and what mends it."""


class RepositoryError(ToolError):
    """The git repository is not in a state to work on."""


class SandboxUnavailable(ToolError):  # noqa: N818  names a state of the machine
    """No sandbox can be had on this machine."""


class PlatformError(ToolError):
    """The local platform does not answer, or could not start."""
