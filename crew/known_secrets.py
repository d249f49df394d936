"""The redactor of a command, which removes the secrets that Shipcrew itself knows."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import click

from tools.redaction import Redactor

HOME_USED = "crew.home"
"""Key in click's context under which a command stores its home, for its redactor and for crash reports."""
KEYS = ("OPENAI_API_KEY", "AUTH_JWT_SECRET")
"""Environment variables with secret values: the model server's API key and the services' signing key."""


def redactor_of(home: Path | None) -> Redactor:
    """Return a redactor that knows the secrets in the environment and those of all services of a home."""
    known = [os.environ.get(name, "") for name in KEYS]
    for file in sorted((home / "secrets").glob("*.json")) if home else ():
        # Shipcrew cannot leak a secret from a file that it cannot read.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            known += map(str, json.loads(file.read_text()).values())
    return Redactor(tuple(value for value in known if value))


def command_redactor() -> Redactor:
    """Return the redactor of the running command, which knows the secrets of the home it works on."""
    context = click.get_current_context(silent=True)
    return redactor_of(context.meta.get(HOME_USED, Path(".crew")) if context else None)
