"""Run a repository's own test command, whatever it is, on a copy of the workspace."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from pydantic import BaseModel

from tools.environments.install import Environment
from tools.git import remove
from tools.sandbox import Ending, Job, Limits, Sandbox
from tools.testing.sandbox_environment import sandbox_environment, strip_paths

_LONGEST = 20_000
"""Maximum number of output characters kept, counted from the end."""
_DURATION = re.compile(r"\b\d+(?:\.\d+)?\s?(?:ns|us|µs|ms|s|sec|seconds?)\b|\bduration_ms:? \d+(?:\.\d+)?")
NO_PROGRAM = 127


class CommandReport(BaseModel, frozen=True):
    """The result of running a test command."""

    ending: Ending
    exit_code: int
    output: str
    """The end of the combined output, without paths and durations that vary between runs."""
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the command exited with code 0."""
        return self.ending == "exited" and self.exit_code == 0


def run_test_command(
    sandbox: Sandbox,
    argv: tuple[str, ...],
    workspace: Path,
    scratch: Path,
    python: Environment | None,
    limits: Limits,
) -> CommandReport:
    """Run the command on a copy of the workspace. Raises JobRefused if the sandbox refuses it."""
    place = scratch.resolve() / "command"
    remove(place)
    copy = place / "workspace"
    shutil.copytree(workspace, copy, symlinks=True)
    # The caches start empty: earlier commands may have left forged results in them, such as Go's cached test passes.
    around = sandbox_environment(copy, place, python)
    done = sandbox.run(
        Job(
            argv=argv,
            folder=copy,
            readable=around.readable,
            writable=(copy, *around.writable),
            environment=around.variables,
            limits=limits,
        )
    )
    places = (copy, *around.writable, *((python.folder,) if python else ()))
    output = strip_paths(f"{done.stdout}\n{done.stderr}".strip(), *places)[-_LONGEST:]
    remove(place)
    return CommandReport(
        ending=done.ending,
        exit_code=done.exit_code,
        output=_DURATION.sub("N s", output),
        seconds=done.seconds,
    )
