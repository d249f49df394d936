"""What no caller can mend by calling again.

ToolError
├── RepositoryError      the git repository is not in a state to work on
├── SandboxUnavailable   this machine offers no sandbox
├── JobRefused           a job asks for what no sandbox gives
├── SandboxFailed        the sandbox could not be set up for a job
├── EnvironmentFailed    a service's dependencies could not be installed
│   ├── RequirementRefused   a line of the requirements is not a pin
│   ├── PackageNotFound      the index has no such package, or not that version
│   ├── WheelMissing         a package comes only as source
│   └── IndexUnreachable     the package index does not answer
├── PlatformError        the local platform does not answer
└── PolicyError          the policies cannot be asked at all
"""

from __future__ import annotations


class ToolError(Exception):
    """A tool cannot go on; says what happened, why, and what mends it."""


class RepositoryError(ToolError):
    """The git repository is not in a state to work on."""


class RepositoryBusy(RepositoryError):  # noqa: N818  names a state
    """A person's own work is in the way: nothing was done, and the same call succeeds once that is put aside."""


class SandboxUnavailable(ToolError):  # noqa: N818  names a state of the machine
    """No sandbox can be had on this machine."""


class JobRefused(ToolError):  # noqa: N818  names a decision
    """The job asks for what a sandbox does not give, such as a folder behind a symbolic link."""


class SandboxFailed(ToolError):  # noqa: N818  names what happened
    """The sandbox could not be set up for a job; the job did not run."""


class EnvironmentFailed(ToolError):  # noqa: N818  names what happened
    """The dependencies of a service could not be installed."""


class RequirementRefused(EnvironmentFailed):
    """A line of the requirements is not a pin of one release from the index."""


class PackageNotFound(EnvironmentFailed):
    """The index has no such package, or not that version of it."""


class WheelMissing(EnvironmentFailed):
    """A package has no wheel for this machine, only source that would have to be run."""


class IndexUnreachable(EnvironmentFailed):
    """The package index does not answer."""


class PlatformError(ToolError):
    """The local platform does not answer, or could not start."""


class PolicyError(ToolError):
    """The policies cannot be read, are not safe to run, or their engine does not start."""
