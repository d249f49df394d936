"""Text made safe to show: without secrets, and nothing in it moves a cursor, reverses a line or hides."""

from __future__ import annotations

import json
from functools import lru_cache

import click

from crew.known_secrets import command_redactor

_KEPT = "\n\t\u00a0"


def printable(text: str) -> str:
    """Return the text with all that does not print spelt out as JSON does: "\\u001b", "\\u202e".

    Terminal escapes, bidirectional overrides, characters without width, tags and lone surrogates are among it. JSON
    stays the same JSON, since such characters stand within its strings only.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in _KEPT else _spelt(each) for each in text)


@lru_cache(maxsize=1024)
def _spelt(character: str) -> str:
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"


def say(text: str, *, err: bool = False) -> None:
    """Print a text for a person: printable, and without secrets."""
    click.echo(printable(command_redactor().text(text)), err=err)
