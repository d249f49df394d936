"""Detection of secrets in texts, with the detectors of detect-secrets and our own, without network access."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pydantic import BaseModel

from tools.redaction import TOKENS

if TYPE_CHECKING:
    from detect_secrets.plugins.base import BasePlugin

LONGEST_LINE = 1000
"""Maximum number of characters given to a detector at once, as some patterns are slow; longer lines are split."""
OVERLAP = 200
"""Number of characters shared by adjacent pieces of a line, so that no secret is missed at a boundary."""
MOST_CHARACTERS = 5_000_000
MOST_LINES = 200_000
"""Limits on the texts scanned together, which take about 20 s; any text that would exceed them is not scanned."""
UNSCANNED = "not scanned"
"""Kind of the entry that stands for a text that was too long to be scanned; policies ask a person about it."""

_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
"""Pattern of a keyword's value that is only the name of a setting."""
_REVISION = re.compile(r"[0-9a-f]{1,15}|[0-9a-f]{40}|[0-9a-f]{64}")
"""Pattern of commit ids, migration ids and content digests."""
_TEST_FOLDERS = {"tests", "test"}
_TEST_FILE = re.compile(r"test_.*|.*_test\.\w+|conftest\.py")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_RANDOM_LENGTH = 12
"""Maximum length of a made-up value with replaced letters, as in "P@ssw0rd"; longer ones consist of plain words."""
_KEYWORD = "Secret Keyword"
_HEXADECIMAL = "Hex High Entropy String"
_GUESSES = (_KEYWORD, "Base64 High Entropy String", _HEXADECIMAL)
_NO_SECRETS = ("Public IP (ipv4)",)


class Secret(BaseModel, frozen=True):
    """The location of a possible secret, without its value."""

    kind: str
    """The type of secret, such as "AWS Access Key", or UNSCANNED."""
    file: str
    line: int
    """Line number, counted from 1."""
    digest: str
    """Digest of the value in eight hex digits: enough to tell findings apart, too short to recover the value."""


def secrets(changed: dict[str, str] | str) -> tuple[Secret, ...]:
    """Return the possible secrets in texts and their file names, or in the lines that a unified diff adds.

    `changed` is either a mapping of file names to texts, or the text of the diff.

    Directives to scanners ("pragma: allowlist secret") are ignored, and no type of file is skipped: otherwise, the
    author of a text could hide a secret from the scan. A text that would exceed the limits is not scanned; it is
    reported as UNSCANNED.
    """
    characters, lines = MOST_CHARACTERS, MOST_LINES
    found: list[Secret] = []
    for file, text in (("the diff", changed),) if isinstance(changed, str) else changed.items():
        characters -= len(text)
        lines -= text.count("\n")
        if characters < 0 or lines < 0:
            found.append(Secret(kind=UNSCANNED, file=file, line=1, digest=""))
        else:
            found += (
                _found(_added(text)) if isinstance(changed, str) else (*_in_name(file), *_in_file(file, text))
            )
    return tuple(found)


def text_of(content: bytes) -> str:
    """Return the content of a file as text to be scanned, whether it is encoded in UTF-8, UTF-16 or UTF-32.

    All three encode the characters of secrets as the same bytes, with NULs between them.
    """
    return content.replace(b"\0", b"").decode("utf-8", "replace")


def _in_name(file: str) -> tuple[Secret, ...]:
    # Scanned like a settings file, in which a value needs no quotes.
    values = [value for _, value in _values("name.ini", file)]
    shown = file
    for value in values:
        shown = shown.replace(value, "...")
    return tuple(
        each.model_copy(update={"file": f"the file name {shown}"}) for each in _found([("name.ini", 1, file)])
    )


# The same texts are scanned when they are committed, proposed and merged.
@lru_cache(maxsize=512)
def _in_file(file: str, text: str) -> tuple[Secret, ...]:
    return _found((file, number, line) for number, line in enumerate(text.split("\n"), 1))


def _found(lines: Iterable[tuple[str, int, str]]) -> tuple[Secret, ...]:
    found: dict[tuple[str, int, str], Secret] = {}
    for file, number, line in lines:
        if not line.strip():
            continue
        for kind, value in _values(file, line):
            digest = hashlib.blake2b(value.encode("utf-8", "replace"), digest_size=4).hexdigest()
            # Detectors are ordered from most to least specific; the first match determines the kind.
            found.setdefault((file, number, digest), Secret(kind=kind, file=file, line=number, digest=digest))
    return tuple(found.values())


def _added(diff: str) -> Iterator[tuple[str, int, str]]:
    file, number, old, new = "", 0, 0, 0
    for line in diff.split("\n"):
        if old <= 0 and new <= 0:
            if line.startswith("+++ "):
                file = line[4:].partition("\t")[0].removeprefix("b/")
            elif hunk := _HUNK.match(line):
                old, number, new = int(hunk[1] or 1), int(hunk[2]), int(hunk[3] or 1)
        elif line.startswith("-"):
            old -= 1
        elif line.startswith("+"):
            yield file, number, line[1:]
            number, new = number + 1, new - 1
        elif not line.startswith("\\"):
            number, old, new = number + 1, old - 1, new - 1


def _values(file: str, line: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and value of each possible secret in a line, reporting each piece of text only once."""
    seen: list[str] = []
    for kind, value in _candidates(file, line):
        if value and not any(value in each or each in value for each in seen):
            seen.append(value)
            yield kind, value


def _candidates(file: str, line: str) -> Iterator[tuple[str, str]]:
    for start in range(0, max(len(line) - OVERLAP, 1), LONGEST_LINE - OVERLAP):
        piece = line[start : start + LONGEST_LINE]
        for kind, pattern in TOKENS.items():
            for match in pattern.finditer(piece):
                yield kind, match.groupdict().get("value") or match.group()
        for detector in _detectors():
            for found in detector.analyze_line(filename=file, line=piece):
                value = found.secret_value or ""
                if not _harmless(value, piece, detector) and not _is_test_data(file, value, detector):
                    yield found.type, found.secret_value or ""


def _harmless(value: str, line: str, detector: BasePlugin) -> bool:
    from detect_secrets.filters import heuristic  # noqa: PLC0415  imports requests, 0.3 s

    kind = detector.secret_type
    if kind == _KEYWORD and (_CONSTANT.fullmatch(value) or heuristic.is_indirect_reference(line)):
        return True
    if kind == _HEXADECIMAL and _REVISION.fullmatch(value):
        return True
    return bool(
        heuristic.is_sequential_string(value)
        or heuristic.is_potential_uuid(value)
        or heuristic.is_templated_secret(value)
        or heuristic.is_not_alphanumeric_string(value)
        or heuristic.is_likely_id_string(value, line, detector)
    )


def _is_test_data(file: str, value: str, detector: BasePlugin) -> bool:
    """Return whether a value was made up for a test: words or numbers in a test file, assigned to a suspicious name.

    Tokens of a recognizable format and random characters count as secrets in test files too.
    """
    path = PurePosixPath(file)
    in_tests = _TEST_FOLDERS.intersection(path.parts[:-1]) or _TEST_FILE.fullmatch(path.name)
    return bool(in_tests) and detector.secret_type == _KEYWORD and not _is_random(value)


def _is_random(value: str) -> bool:
    """Return whether a value is more than words and numbers, unlike "P@ssw0rd" and "correct horse battery"."""
    share = 0.5 if len(value) <= _RANDOM_LENGTH else 0.34
    return len(_WORDS.findall(value)) > max(2, share * len(value))


@cache
def _detectors() -> tuple[BasePlugin, ...]:
    """Return the detectors of detect-secrets, from most to least specific."""
    from detect_secrets.core.plugins.util import (  # noqa: PLC0415  imports requests, 0.3 s
        get_mapping_from_secret_type_to_class,
    )

    classes: dict[str, Callable[[], BasePlugin]] = dict(get_mapping_from_secret_type_to_class())
    found = {kind: make() for kind, make in classes.items()}
    known = [each for kind, each in sorted(found.items()) if kind not in (*_GUESSES, *_NO_SECRETS)]
    return (*known, *(found[kind] for kind in _GUESSES))
