"""Taking secrets out of what is written down."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from functools import cache
from urllib.parse import quote

from pydantic import JsonValue

from tools.scanners.tokens import TOKENS

SHORTEST = 6
"""Characters of the shortest known secret that is taken out; a shorter one would also be in innocent words."""


def redact(value: JsonValue, known_secrets: Sequence[str] = ()) -> JsonValue:
    """Return the value with every known secret, and what its form gives away as one, replaced in all its texts.

    Known secrets are also found URL-quoted, in base64 and in hexadecimal. What stays tells the kind:
    "[redacted: GitHub token]".
    """
    return _redact(value, _pattern(tuple(sorted(set(known_secrets)))))


def _redact(value: JsonValue, known: re.Pattern[str] | None) -> JsonValue:
    if isinstance(value, str):
        return _text(value, known)
    if isinstance(value, dict):
        return {_text(name, known): _redact(each, known) for name, each in value.items()}
    if isinstance(value, list):
        return [_redact(each, known) for each in value]
    return value


def _text(text: str, known: re.Pattern[str] | None) -> str:
    if known is not None:
        text = known.sub("[redacted: secret of the service]", text)
    for kind, pattern in TOKENS.items():
        text = pattern.sub(lambda match, kind=kind: _mark(match, kind), text)  # type: ignore[misc]
    return text


def _mark(match: re.Match[str], kind: str) -> str:
    whole, mark = match.group(), f"[redacted: {kind}]"
    if "value" not in match.re.groupindex:
        return mark
    start, end = match.start("value") - match.start(), match.end("value") - match.start()
    return f"{whole[:start]}{mark}{whole[end:]}"


@cache
def _pattern(known: tuple[str, ...]) -> re.Pattern[str] | None:
    forms: set[str] = set()
    for secret in known:
        if len(secret) >= SHORTEST:
            raw = secret.encode()
            forms |= {secret, quote(secret, safe=""), base64.b64encode(raw).decode().rstrip("="), raw.hex()}
    # Longest first: a secret may be the beginning of another.
    return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None
