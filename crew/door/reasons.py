"""What counts as a reason: a text in which a reader sees letters."""

from __future__ import annotations

import unicodedata

FEWEST_LETTERS = 3
"""Number of visible letters that a rationale must have at least; crew/policies/reasons.rego requires the same."""

_LETTERS = {"Lu", "Ll", "Lt", "Lo"}
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\U00013441\U00013442")
"""Characters that Unicode classes as letters and that are displayed as nothing: fillers and blanks."""


def visible_letters(text: str) -> int:
    """Return the number of letters that a reader of the text sees.

    Digits, punctuation, symbols, combining marks, modifiers and invisible characters are not letters.
    """
    return sum(unicodedata.category(each) in _LETTERS and each not in _BLANK for each in text)


def gives_reason(text: str) -> bool:
    """Whether a text has enough visible letters to be a reason."""
    return visible_letters(text) >= FEWEST_LETTERS
