"""The redactor of a command: what Shipcrew itself knows to be secret."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import click

from tools.redaction import Redactor

HOME_USED = "crew.home"
"""Where a command leaves the folder it works on, for its redactor and for crash reports."""
KEYS = ("OPENAI_API_KEY", "AUTH_JWT_SECRET")
"""Environment variables whose values are secrets: of the model's server, and of the services."""


def redactor_of(home: Path | None) -> Redactor:
    """Return a redactor that knows the keys of the environment and the secrets of all services of a home."""
    known = [os.environ.get(name, "") for name in KEYS]
    for file in sorted((home / "secrets").glob("*.json")) if home else ():
        # A file that cannot be read holds no secret that Shipcrew could give away.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            known += map(str, json.loads(file.read_text()).values())
    return Redactor(tuple(value for value in known if value))


def command_redactor() -> Redactor:
    """Return the redactor of the running command, which knows the secrets of the home it works on."""
    context = click.get_current_context(silent=True)
    return redactor_of(context.meta.get(HOME_USED) if context else None)
