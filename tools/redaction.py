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

_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2}))"
"""Matches where a token may begin: outside words, after "_", or after a character escaped as in JSON or a URL."""
_MIXED = r"(?=[\w-]{0,60}[a-z])(?=[\w-]{0,60}[A-Z])(?=[\w-]{0,60}\d)"
"""Lookahead for the rest of a token whose prefix is within a word: requires both cases and a digit, so that an
identifier that happens to contain the prefix does not match."""

_PREFIXES = {
    "AWS access key": {"AKIA ASIA ABIA ACCA": r"[A-Z0-9]{16}\b"},
    "GitHub token": {"ghp_ gho_ ghu_ ghs_ ghr_": r"[A-Za-z0-9]{36,}", "github_pat_": r"\w{22,}"},
    "GitLab token": {
        "glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glimt- glagent- gloas- GR1348941": r"[\w-]{20,}"
    },
    "Slack token": {"xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs-": r"[\w-]{10,}", "xapp-": r"\d-[\w-]{10,}"},
    "Slack webhook": {"hooks.slack.com/services/": r"T\w+/B\w+/\w+"},
    "Stripe key": {"sk_live_ sk_test_ rk_live_ rk_test_": "[A-Za-z0-9]{16,}"},
    "webhook secret": {"whsec_": r"[A-Za-z0-9+/]{24,}=*"},
    "API key": {"sk-": r"(?:proj-|ant-[a-z0-9]+-|or-v1-|svcacct-)?[A-Za-z0-9_-]{20,}"},
    "Groq key": {"gsk- gsk_": r"[A-Za-z0-9_-]{20,}"},
    "xAI key": {"xai-": r"[A-Za-z0-9]{40,}"},
    "Perplexity key": {"pplx-": r"[A-Za-z0-9]{40,}"},
    "Replicate token": {"r8_": r"[A-Za-z0-9]{37}\b"},
    "LangSmith key": {"lsv2_pt_ lsv2_sk_": r"\w{32,}"},
    "Google API key": {"AIza": r"[\w-]{35}\b"},
    "Google OAuth secret": {"GOCSPX-": r"[\w-]{28}", "ya29.": r"[\w-]{30,}"},
    "Hugging Face token": {"hf_": r"[A-Za-z0-9]{30,}"},
    "PyPI token": {"pypi-AgE": r"[\w-]{50,}"},
    "npm token": {"npm_": r"[A-Za-z0-9]{36}\b"},
    "Docker token": {"dckr_pat_ dckr_oat_": r"[\w-]{20,}"},
    "DigitalOcean token": {"dop_v1_ doo_v1_ dor_v1_": "[0-9a-f]{64}"},
    "SendGrid key": {"SG.": r"[\w-]{20,24}\.[\w-]{39,47}"},
    "Twilio key": {"AC SK": r"[0-9a-f]{32}\b"},
    "Square token": {"sq0atp- sq0csp-": r"[\w-]{22,}"},
    "Shopify token": {"shpat_ shpca_ shppa_ shpss_": "[0-9a-fA-F]{32}"},
    "Artifactory key": {"AKCp": "[A-Za-z0-9]{40,}"},
    "Databricks token": {"dapi": r"[0-9a-f]{32}(?:-\d)?\b"},
    "Grafana token": {"glsa_ glc_": r"[\w=+/-]{30,}"},
    "Vault token": {"hvs. hvb.": r"[\w-]{24,}"},
    "Linear key": {"lin_api_": "[A-Za-z0-9]{32,}"},
    "Notion token": {"ntn_": "[A-Za-z0-9]{40,}"},
    "New Relic key": {"NRAK-": "[A-Z0-9]{27}"},
    "Postman key": {"PMAK-": "[0-9a-f]{24}-[0-9a-f]{34}"},
    "Sentry token": {"sntrys_ sntryu_": r"[\w=+/-]{40,}"},
    "RubyGems key": {"rubygems_": "[0-9a-f]{48}"},
    "age key": {"AGE-SECRET-KEY-1": r"[A-Z0-9]{58}\b"},
}
"""Maps each kind of token to its prefixes, separated by spaces, and these to the pattern of what follows them."""


def _token(forms: dict[str, str]) -> re.Pattern[str]:
    alternatives = []
    for prefixes, rest in forms.items():
        words = prefixes.split()
        distinctive = [word for word in words if len(word) >= 4 and not word.isalnum()]
        alternatives.append(f"{_START}(?:{'|'.join(map(re.escape, words))}){rest}")
        if distinctive:
            alternatives.append(f"(?:{'|'.join(map(re.escape, distinctive))}){_MIXED}{rest}")
    return re.compile("|".join(alternatives))


TOKENS = {kind: _token(forms) for kind, forms in _PREFIXES.items()} | {
    # Includes the END line unless other dashes come first; possessive, so that matching takes linear time.
    "private key": re.compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:(?:[^-]|-(?!----))*+-----END [A-Z0-9 ]*-----)?"
    ),
    "JSON web token": re.compile(rf"{_START}eyJ[\w-]{{8,}}\.eyJ[\w-]{{8,}}\.[\w-]{{16,}}"),
    "Discord token": re.compile(rf"{_START}[MNO][\w-]{{23,25}}\.[\w-]{{6}}\.[\w-]{{27,38}}(?![\w-])"),
    "Telegram token": re.compile(rf"{_START}\d{{8,10}}:AA[\w-]{{33}}(?![\w-])"),
    "Mailchimp key": re.compile(rf"{_START}[0-9a-f]{{32}}-us\d{{1,2}}\b"),
    "Azure key": re.compile(r"(?:AccountKey|SharedAccessKey)=(?P<value>[A-Za-z0-9+/]{40,}={0,2})"),
    "registry token": re.compile(r"_authToken\s*=\s*(?P<value>[A-Za-z0-9_-]{20,})"),
    "password in a URL": re.compile(r"(?<=://)[^\s/:@'\"<>{}$]*:(?P<value>[^\s/:@'\"<>{}$]+)(?=@)"),
    "bearer token": re.compile(r"(?i)\bbearer\s+(?P<value>[A-Za-z0-9._~+/-]{20,}=*)"),
    "basic credentials": re.compile(
        r"(?i)authorization['\"]?\s*[:=]\s*['\"]?basic\s+(?P<value>[A-Za-z0-9+/]{8,}={0,2})"
    ),
}
"""Maps kinds of secrets to patterns. If only part of a match is secret, the group `value` captures that part."""

_HINTS = {kind: tuple(" ".join(forms).split()) for kind, forms in _PREFIXES.items()}
"""Substrings by kind: a token contains at least one of them, so most patterns need not be tried."""


@dataclass(frozen=True)
class Redactor:
    """Replaces known secrets, and tokens recognizable by their format, in text and JSON values.

    Known secrets are also found when URL-quoted, escaped in JSON, encoded in hexadecimal, or encoded in base64 alone or
    as part of a longer text. The replacement names the kind: "[redacted: GitHub token]". All code that writes or sends
    text requires a redactor.
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
            if kind in _HINTS and not any(hint in text for hint in _HINTS[kind]):
                continue
            text = pattern.sub(lambda match, kind=kind: _mark(match, kind), text)  # type: ignore[misc]
        return text

    def bytes(self, content: bytes) -> bytes:
        """Return UTF-8 or UTF-16 encoded text with its secrets replaced; other bytes are preserved."""
        clean = self.text(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        if b"\0" not in clean:
            return clean
        # UTF-16 text may begin at any byte; big-endian text can be decoded as little-endian from the next byte on.
        for start in (0, 1):
            end = start + (len(clean) - start) // 2 * 2
            text = clean[start:end].decode("utf-16-le", "surrogatepass")
            redacted = self.text(text)
            if redacted != text:
                clean = clean[:start] + redacted.encode("utf-16-le", "surrogatepass") + clean[end:]
        return clean

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
    plain: set[str] = set()
    encoded: set[str] = set()
    for secret in known:
        for value in (secret, *secret.splitlines()):
            if len(value) >= shortest:
                raw = value.encode("utf-8", "surrogatepass")
                quoted = {quote(raw, safe=safe) for safe in ("", "/")}
                escaped = {json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
                plain |= {
                    value,
                    raw.hex(),
                    raw.hex().upper(),
                    *quoted,
                    *map(_lower_escapes, quoted),
                    *escaped,
                }
                encoded |= {form for before in range(3) for form in _base64(raw, before)}
    # Longest first: a secret may be a prefix of another.
    forms = sorted(plain | encoded, key=len, reverse=True)
    patterns = [_wrapped(form) if form in encoded - plain else re.escape(form) for form in forms]
    return re.compile("|".join(patterns)) if patterns else None


def _base64(raw: bytes, before: int) -> set[str]:
    """Return the base64 forms of bytes that follow `before` others: in the middle of a text, and at its end."""
    padded = bytes(before) + raw
    first, last = -(-8 * before // 6), 8 * len(padded) // 6
    whole = base64.b64encode(padded).decode().rstrip("=")
    return {whole[first:last], whole[first:]}


def _wrapped(encoded: str) -> str:
    """Return a pattern for base64 in either alphabet, broken into lines anywhere."""
    digits = {"+": "[+-]", "/": "[/_]"}
    return r"(?:\r?\n)?".join(digits.get(each, each) for each in encoded)


def _lower_escapes(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), text)
