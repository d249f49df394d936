"""The minimum requirement for a reason: a text with letters that a reader can see."""

from __future__ import annotations

import unicodedata

FEWEST_LETTERS = 3
"""Minimum number of visible letters in a rationale; crew/policies/reasons.rego requires the same."""

_LETTERS = {"Lu", "Ll", "Lt", "Lo"}
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\U00013441\U00013442")
"""Fillers and blanks: characters that Unicode classifies as letters, although nothing is displayed for them."""


def visible_letters(text: str) -> int:
    """Return the number of letters that a reader of the text sees.

    Digits, punctuation, symbols, combining marks, modifiers and invisible characters are not letters.
    """
    return sum(unicodedata.category(each) in _LETTERS and each not in _BLANK for each in text)


def gives_reason(text: str) -> bool:
    """Return whether a text has enough visible letters to be a reason."""
    return visible_letters(text) >= FEWEST_LETTERS
