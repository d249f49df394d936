"""Removes secrets from text and JSON before they leave the process."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from pydantic import JsonValue

SHORTEST = 6
"""Minimum length of a known secret to be removed, in characters; shorter ones would match ordinary words."""
MARK = "[redacted: "
"""Prefix of every replacement."""

TOKENS = {
    # Includes the END line unless other dashes come first; possessive, so that matching takes linear time.
    "private key": re.compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:(?:[^-]|-(?!----))*+-----END [A-Z0-9 ]*-----)?"
    ),
    "JSON web token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}"),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})"),
    "GitLab token": re.compile(r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat)-[\w-]{20,}"),
    "Slack token": re.compile(r"\bxox[abeoprs]-[\w-]{10,}"),
    "Stripe key": re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    "API key": re.compile(r"\bsk-(?:proj-|ant-[a-z0-9]+-|or-v1-|svcacct-)?[A-Za-z0-9_-]{20,}"),
    "Groq key": re.compile(r"\bgsk[-_][A-Za-z0-9_-]{20,}"),
    "Google API key": re.compile(r"\bAIza[\w-]{35}\b"),
    "Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{30,}"),
    "PyPI token": re.compile(r"\bpypi-AgE[\w-]{50,}"),
    "npm token": re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    "Docker token": re.compile(r"\bdckr_(?:pat|oat)_[\w-]{20,}"),
    "age key": re.compile(r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b"),
    "password in a URL": re.compile(r"(?<=://)[^\s/:@'\"<>{}$]*:(?P<value>[^\s/:@'\"<>{}$]+)(?=@)"),
    "bearer token": re.compile(r"(?i)\bbearer\s+(?P<value>[A-Za-z0-9._~+/-]{20,}=*)"),
}
"""Maps kinds of secrets to patterns. If only part of a match is secret, the group `value` captures that part."""


@dataclass(frozen=True)
class Redactor:
    """Replaces known secrets, and tokens recognizable by their format, in text and JSON values.

    Known secrets are also found when URL-quoted, escaped in JSON, or encoded in base64 or hexadecimal. The
    replacement names the kind: "[redacted: GitHub token]". All code that writes or sends text requires a redactor.
    """

    known_secrets: tuple[str, ...]
    """Values to remove, and the lines of each. If empty, only tokens of a recognizable format are removed."""
    shortest: int = SHORTEST

    def __call__(self, value: JsonValue) -> JsonValue:
        """Return a copy of a JSON value with the secrets in its strings and keys replaced."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self(member) for member in value]
        return value

    def text(self, text: str) -> str:
        """Return a text with its secrets replaced."""
        known = _pattern(self.known_secrets, self.shortest)
        if known is not None:
            text = known.sub(f"{MARK}secret of the service]", text)
        for kind, pattern in TOKENS.items():
            text = pattern.sub(lambda match, kind=kind: _mark(match, kind), text)  # type: ignore[misc]
        return text

    def bytes(self, content: bytes) -> bytes:
        """Return UTF-8 encoded text with its secrets replaced; invalid bytes are preserved."""
        return self.text(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def knowing(self, secrets: Iterable[str]) -> Redactor:
        """Return a redactor that also removes these secrets."""
        return replace(self, known_secrets=(*self.known_secrets, *secrets))


def _mark(match: re.Match[str], kind: str) -> str:
    whole, mark = match.group(), f"{MARK}{kind}]"
    if "value" not in match.re.groupindex:
        return mark
    start, end = match.start("value") - match.start(), match.end("value") - match.start()
    return f"{whole[:start]}{mark}{whole[end:]}"


@cache
def _pattern(known: tuple[str, ...], shortest: int) -> re.Pattern[str] | None:
    forms: set[str] = set()
    for secret in known:
        for value in (secret, *secret.splitlines()):
            if len(value) >= shortest:
                raw = value.encode()
                encoded = base64.b64encode(raw).decode().rstrip("=")
                escaped = {json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
                forms |= {value, quote(value, safe=""), encoded, raw.hex(), *escaped}
    # Longest first: a secret may be a prefix of another.
    return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None
