"""The regular expressions that fields may use: ECMA-262 syntax that can be translated to Python exactly.

The contract states a pattern as written, because JSON Schema uses ECMA-262. The service and its tests use the
translation, with the ASCII flag of `re` and `regex`.
"""

from __future__ import annotations

import re

_SECONDS = 0.1
_CODE = r"x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}"
_CLASS = rf"\[\^?(?:\\(?:[dDwWsnrtfv^$\\.*+?()\[\]{{}}|/-]|{_CODE})|[^\]\\])+\]"
_ATOM = rf"\\(?:[dDwWsSbBnrtfv^$\\.*+?()\[\]{{}}|/]|{_CODE})|{_CLASS}|[^\\\[\]{{}}()*+?]"
_QUANTIFIER = r"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??"
_PORTABLE = re.compile(rf"(?:\((?:\?:|(?!\?))|(?:{_ATOM}|\))(?:{_QUANTIFIER})?)*")
_TRANSLATED = re.compile(rf"{_CLASS}|\\.|[.$]")
_SPACES = r" \t\n\r\f\v\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_PYTHON = {r"\s": f"[{_SPACES}]", r"\S": f"[^{_SPACES}]", ".": r"[^\n\r\u2028\u2029]", "$": r"\Z"}


def not_portable(pattern: str) -> str:
    """Return the start of the first non-portable part of a valid Python pattern; "" if the pattern is portable."""
    known = _PORTABLE.match(pattern)
    return pattern[known.end() if known else 0 :][:3]


def matches(pattern: str, text: str) -> bool:
    """Return whether a portable pattern matches the whole text; False if matching takes longer than 0.1 seconds."""
    import regex  # noqa: PLC0415  only for stories with patterns

    try:
        return regex.fullmatch(python_form(pattern), text, regex.ASCII, timeout=_SECONDS) is not None
    except TimeoutError:
        return False


def python_form(pattern: str) -> str:
    """Return the translation of a portable pattern for Python."""

    def translated(token: re.Match[str]) -> str:
        if not token[0].startswith("["):
            return _PYTHON.get(token[0], token[0])
        return re.sub(r"\\.", lambda escape: _SPACES if escape[0] == r"\s" else escape[0], token[0])

    return _TRANSLATED.sub(translated, pattern)
