"""The redactor of a command, which removes the secrets that Shipcrew itself knows."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from tools.redaction import Redactor

HOME_USED = "crew.home"
"""Key in click's context under which a command stores its home, for its redactor and for crash reports."""
KEYS = ("OPENAI_API_KEY", "AUTH_JWT_SECRET")
"""Environment variables with secret values: the model server's API key and the services' signing key."""

_PASSWORDS = re.compile(r"UV_INDEX_\w+_PASSWORD|UV_PUBLISH_(?:PASSWORD|TOKEN)")
"""Environment variables with passwords of package indexes."""
_ADDRESSES = re.compile(
    r"UV_(?:DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL)|PIP_(?:EXTRA_)?INDEX_URL|OPENAI_BASE_URL"
    r"|(?:HTTPS?|ALL)_PROXY|(?:https?|all)_proxy"
)
"""Environment variables with URLs of servers, which may contain a password or a token."""
_SHORTEST_TOKEN = 16
"""Minimum length, in characters, at which a user name in a URL without a password is treated as a token."""


def redactor_of(home: Path | None) -> Redactor:
    """Return a redactor that knows the secrets in the environment and those of all services of a home."""
    known = [os.environ.get(name, "") for name in KEYS]
    known += [value for name, value in sorted(os.environ.items()) if _PASSWORDS.fullmatch(name)]
    for name, value in sorted(os.environ.items()):
        if _ADDRESSES.fullmatch(name):
            known += [secret for address in value.split() for secret in _secrets_in_address(address)]
    for file in sorted((home / "secrets").glob("*.json")) if home else ():
        # Shipcrew cannot leak a secret from a file that it cannot read.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            known += map(str, json.loads(file.read_text()).values())
    return Redactor(tuple(value for value in known if value))


def _secrets_in_address(address: str) -> set[str]:
    """Return the password in a URL, or the token that replaces user name and password, quoted and unquoted."""
    try:
        parts = urlsplit(address.rpartition("=")[2] if "://" not in address.partition("=")[0] else address)
    except ValueError:
        return set()
    name, password = parts.username or "", parts.password or ""
    secret = password or (name if len(name) >= _SHORTEST_TOKEN else "")
    return {secret, unquote(secret)} - {""}


def command_redactor() -> Redactor:
    """Return the redactor of the running command, which knows the secrets of the home it works on."""
    context = click.get_current_context(silent=True)
    return redactor_of(context.meta.get(HOME_USED, Path(".crew")) if context else None)
