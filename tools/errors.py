"""Errors that a caller cannot fix by changing the arguments of a call.

ToolError
├── TryLater             the operation can be repeated once it is no longer blocked
├── RepositoryError      the git repository is not in a usable state
│   └── RepositoryBusy       uncommitted changes or a conflict block the operation (also TryLater)
├── SandboxUnavailable   this machine supports no sandbox
├── JobRefused           a job requests something that no sandbox allows
├── SandboxFailed        the sandbox could not be set up for a job
├── EnvironmentFailed    a service's dependencies could not be installed
│   ├── RequirementRefused   a line of the requirements does not pin a release
│   ├── PackageNotFound      the index lacks the package or version
│   ├── WheelMissing         a package is available only as source
│   └── IndexUnreachable     the package index does not respond (also TryLater)
├── PlatformError        a runtime does not respond
├── TooManyFiles         a folder has too many files, or is nested too deeply
└── PolicyError          the policies cannot be evaluated
"""

from __future__ import annotations


class ToolError(Exception):
    """A tool cannot continue; the message says what happened, why, and how to fix it."""


class TryLater(ToolError):  # noqa: N818  names what to do
    """Something outside the delivery blocks the operation. Nothing was changed, and it can be repeated."""


class RepositoryError(ToolError):
    """The git repository is not in a usable state."""


class RepositoryBusy(RepositoryError, TryLater):  # noqa: N818  names a state
    """Uncommitted changes, or a conflict that a person has to resolve, block the operation. Nothing was changed."""


class SandboxUnavailable(ToolError):  # noqa: N818  names a state of the machine
    """This machine supports none of the sandboxes."""


class JobRefused(ToolError):  # noqa: N818  names a decision
    """A job requests something that no sandbox allows, such as access to a folder through a symbolic link."""


class SandboxFailed(ToolError):  # noqa: N818  names what happened
    """The sandbox could not be set up for a job; the job did not run."""


class EnvironmentFailed(ToolError):  # noqa: N818  names what happened
    """The dependencies of a service could not be installed."""


class RequirementRefused(EnvironmentFailed):
    """A line of the requirements does not pin exactly one release from the package index."""


class PackageNotFound(EnvironmentFailed):
    """The package index lacks the package, or the requested version of it."""


class WheelMissing(EnvironmentFailed):
    """A package has no wheel for this machine; it is available only as source, which would have to be built."""


class IndexUnreachable(EnvironmentFailed, TryLater):
    """The package index does not respond."""


class PlatformError(ToolError):
    """A runtime is unknown, failed to start or does not respond."""


class TooManyFiles(ToolError):  # noqa: N818  names the condition
    """A folder contains too many files, or folders nested too deeply, to be read."""


class PolicyError(ToolError):
    """The policies cannot be read or are unsafe to run, or the policy engine does not start."""
