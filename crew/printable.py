"""Text that is safe to display: without secrets, terminal escapes, bidirectional overrides or invisible characters."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TextIO

import click

from crew.known_secrets import command_redactor

_COMMAND = re.compile(
    r"(?:(?<=`)|(?<=: )|(?<=\()|^(?=crew)|(?<=^ )|(?<=^  ))crew"
    r"(?= (?:run|plan|resume|abandon|status|down|why|ledger|impact|policy|tests|knowledge|doctor)\b)",
    re.MULTILINE,
)
_KEPT = "\n\t\u00a0"


def printable(text: str) -> str:
    """Return the text with non-printable characters as JSON escapes, such as "\\u001b" and "\\u202e".

    These include terminal escapes, bidirectional overrides, zero-width characters, tags and lone surrogates. JSON
    keeps its meaning, since such characters occur only within its strings.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in _KEPT else _spelt(each) for each in text)


@lru_cache(maxsize=1024)
def _spelt(character: str) -> str:
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"


def displayable(text: str) -> str:
    """Return the text without the secrets that the running command knows, and with non-printable characters escaped."""
    return printable(command_redactor().text(text))


def say(text: str, *, err: bool = False) -> None:
    """Print text to the terminal after redacting secrets and escaping non-printable characters."""
    click.echo(displayable(text), err=err)


def as_typed(text: str) -> str:
    """Return the text with its `crew` commands rewritten so that they work in the user's shell.

    The text is unchanged unless `crew` was started by a path, and PATH leads to another program or to none.
    """
    started = sys.argv[0]
    found = shutil.which("crew")
    by_path = "/" in started and Path(started).name == "crew" and Path(started).is_file()
    if not by_path or (found and Path(found).samefile(started)):
        return text
    return _COMMAND.sub(lambda _: shlex.quote(started), text)


@contextmanager
def warnings_displayed_safely() -> Iterator[None]:
    """Print the warnings of Python and of libraries with `say`, as they may quote the source of a repository."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        say(f"crew: {category.__name__}: {message} ({filename}, line {lineno})", err=True)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
