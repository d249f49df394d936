"""Errors that a caller cannot fix by calling again.

ToolError
├── RepositoryError      the git repository is not in a usable state
├── SandboxUnavailable   no sandbox works on this machine
├── JobRefused           a job asks for something no sandbox allows
├── SandboxFailed        the sandbox could not be set up for a job
├── EnvironmentFailed    a service's dependencies could not be installed
│   ├── RequirementRefused   a line of the requirements is not a pin
│   ├── PackageNotFound      the index lacks the package or version
│   ├── WheelMissing         a package is available only as source
│   └── IndexUnreachable     the package index does not respond
├── PlatformError        a runtime does not respond
└── PolicyError          the policies cannot be evaluated
"""

from __future__ import annotations


class ToolError(Exception):
    """A tool cannot continue; the message says what happened, why, and how to fix it."""


class RepositoryError(ToolError):
    """The git repository is not in a usable state."""


class RepositoryBusy(RepositoryError):  # noqa: N818  names a state
    """Uncommitted work is in the way: nothing was done, and the call succeeds once the work is out of the way."""


class SandboxUnavailable(ToolError):  # noqa: N818  names a state of the machine
    """No sandbox works on this machine."""


class JobRefused(ToolError):  # noqa: N818  names a decision
    """The job asks for something a sandbox does not allow, such as a folder behind a symbolic link."""


class SandboxFailed(ToolError):  # noqa: N818  names what happened
    """The sandbox could not be set up for a job; the job did not run."""


class EnvironmentFailed(ToolError):  # noqa: N818  names what happened
    """The dependencies of a service could not be installed."""


class RequirementRefused(EnvironmentFailed):
    """A line of the requirements is not a pin of one release from the index."""


class PackageNotFound(EnvironmentFailed):
    """The index has no such package, or not that version of it."""


class WheelMissing(EnvironmentFailed):
    """A package has no wheel for this machine, only source, which would have to be built."""


class IndexUnreachable(EnvironmentFailed):
    """The package index does not respond."""


class PlatformError(ToolError):
    """A runtime does not respond, could not start, or is unknown."""


class PolicyError(ToolError):
    """The policies cannot be read, are not safe to run, or their engine does not start."""
