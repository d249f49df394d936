"""Generation of sample texts that match, or do not match, a regular expression."""

from __future__ import annotations

import importlib
import itertools
import random
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_TRIES = 300
_MONOTONOUS_TRIES = 60
_WORD = string.ascii_letters + string.digits
_ANY = string.ascii_letters + string.digits + " -_."


def matching(
    pattern: str, number: int = 0, *, shortest: int = 0, longest: int = 200, monotonous: bool = False
) -> str | None:
    """Return a non-blank text within the length bounds that fully matches the pattern, or None.

    Different values of `number` give different texts if the pattern allows several. A `monotonous` text repeats the
    first character that each part of the pattern allows, if such a text matches.
    """
    try:
        parsed = importlib.import_module("re._parser").parse(pattern)
        compiled = re.compile(pattern, re.ASCII)
    except (re.error, RecursionError, OverflowError):
        return None
    extras = [*(attempt // 10 for attempt in range(_TRIES)), *([shortest] * _TRIES if shortest > 0 else [])]
    for attempt, extra in enumerate(extras):
        plain = monotonous and attempt < _MONOTONOUS_TRIES
        seed = number * _TRIES + attempt
        draw = _First(attempt) if plain else random.Random(seed)  # noqa: S311  reproducible, not a secret
        try:
            text = _Writer(draw, attempt if plain else extra).write(parsed)
        except NotImplementedError:
            return None
        if shortest <= len(text) <= longest and text.strip() and compiled.fullmatch(text):
            return text
    return None


def count_matches(pattern: str, *, shortest: int = 0, longest: int = 200, most: int = 100) -> int | None:
    """Return the number of non-blank texts within the bounds that match, or None if it is above `most` or unknown."""
    try:
        parsed = importlib.import_module("re._parser").parse(pattern)
        compiled = re.compile(pattern, re.ASCII)
        if compiled.flags & re.IGNORECASE:
            return None
        found: set[str] = set()
        for text in itertools.islice(_texts(list(parsed)), _TRIES * most):
            if shortest <= len(text) <= longest and text.strip() and compiled.fullmatch(text):
                found.add(text)
            if len(found) > most:
                return None
    except (re.error, RecursionError, OverflowError, NotImplementedError):
        return None
    return len(found)


def _texts(parsed: Sequence[tuple[Any, Any]]) -> Iterator[str]:
    """Yield every text that a simple regular expression matches. Raises NotImplementedError for others."""
    if not parsed:
        yield ""
        return
    (kind, value), rest = parsed[0], parsed[1:]
    for first in _item_texts(str(kind), value):
        for following in _texts(rest):
            yield first + following


def _item_texts(kind: str, value: Any) -> Iterator[str]:
    if kind == "LITERAL":
        yield chr(value)
    elif kind == "AT":
        yield ""
    elif kind == "IN" and str(value[0][0]) != "NEGATE":
        yield from _members(value)
    elif kind == "BRANCH":
        for branch in value[1]:
            yield from _texts(list(branch))
    elif kind == "SUBPATTERN" and not value[1] and not value[2]:
        yield from _texts(list(value[3]))
    elif kind in ("MAX_REPEAT", "MIN_REPEAT"):
        low, high, inner = value
        for times in range(low, min(int(high), low + 100) + 1):
            yield from _texts(list(inner) * times)
    else:
        raise NotImplementedError(kind)


def numbered(pattern: str, *, shortest: int = 0, longest: int = 200) -> str | None:
    """Return a format string that matches for every `number` from 1 to 999, or None if the pattern is too complex."""
    try:
        parsed = importlib.import_module("re._parser").parse(pattern)
        form, width = _form(parsed)
    except (re.error, RecursionError, OverflowError, NotImplementedError):
        return None
    compiled = re.compile(pattern, re.ASCII)
    texts = [form.format(number=number) for number in (1, 999)]
    good = all(compiled.fullmatch(text) and shortest <= len(text) <= longest for text in texts)
    return form if good and width else None


def _form(parsed: Iterable[tuple[Any, Any]]) -> tuple[str, int]:
    """Return the shortest match as a format string, and the width of `number`, its first long digit run (0 if none)."""
    form, width = "", 0
    for kind, value in parsed:
        text, found = _form_item(str(kind), value, numbered=bool(width))
        form, width = form + text, width or found
    return form, width


def _form_item(kind: str, value: Any, *, numbered: bool) -> tuple[str, int]:
    if kind == "LITERAL":
        return chr(value).replace("{", "{{").replace("}", "}}"), 0
    if kind == "AT":
        return "", 0
    if kind == "SUBPATTERN":
        return _form(value[3]) if not numbered else (_form(value[3])[0], 0)
    if kind == "IN":
        members = _members(value)
        first = next((each for each in members if each.isalnum()), members[:1])
        return first.replace("{", "{{").replace("}", "}}"), 0
    if kind in ("MAX_REPEAT", "MIN_REPEAT"):
        low, high, inner = value
        digits = str(inner[0][0]) == "IN" and set(string.digits) <= set(_members(inner[0][1]))
        if not numbered and len(inner) == 1 and digits and int(high) >= 3:
            return f"{{number:0{max(low, 3)}}}", max(low, 3)
        return _form(inner)[0] * low, 0
    raise NotImplementedError(kind)


def not_matching(pattern: str, text: str) -> str | None:
    """Return a text similar to `text` that does not fully match the pattern, or None."""
    compiled = re.compile(pattern, re.ASCII)
    tried = (text + "!", "!" + text, text[:-1] + "!", text[:-1], "!", "none of these", "é")
    return next((each for each in tried if each.strip() and not compiled.fullmatch(each)), None)


class _First(random.Random):
    """A deterministic generator that returns the first option, or the number `more` above the minimum if in range."""

    def __init__(self, more: int) -> None:
        super().__init__()
        self._more = more

    def randint(self, a: int, b: int) -> int:
        return min(a + self._more, b)

    def choice(self, seq: Any) -> Any:
        return seq[0]


class _Writer:
    """A generator of candidate matches for a parsed regular expression."""

    def __init__(self, draw: random.Random, extra: int) -> None:
        self._draw = draw
        self._extra = extra
        self._groups: dict[int, str] = {}

    def write(self, parsed: Iterable[tuple[Any, Any]]) -> str:
        return "".join(self._item(str(kind), value) for kind, value in parsed)

    def _item(self, kind: str, value: Any) -> str:
        if kind == "LITERAL":
            return chr(value)
        if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, inner = value
            times = self._draw.randint(low, min(int(high), low + self._extra))
            return "".join(self.write(inner) for _ in range(times))
        if kind == "SUBPATTERN":
            group, _, _, inner = value
            text = self.write(inner)
            if group is not None:
                self._groups[group] = text
            return text
        return self._other(kind, value)

    def _other(self, kind: str, value: Any) -> str:
        if kind == "IN":
            return self._draw.choice(_members(value) or _ANY)
        if kind == "BRANCH":
            return self.write(self._draw.choice(value[1]))
        if kind == "ANY":
            return self._draw.choice(_ANY)
        if kind == "NOT_LITERAL":
            return self._draw.choice([each for each in _ANY if ord(each) != value])
        if kind == "GROUPREF":
            return self._groups.get(value, "")
        if kind in ("AT", "ASSERT", "ASSERT_NOT"):
            return ""  # checked later, when the whole text is matched
        if kind == "ATOMIC_GROUP":
            return self.write(value)
        raise NotImplementedError(kind)


def _members(items: list[tuple[Any, Any]]) -> str:
    """Return the characters to choose from for a character class."""
    negated = str(items[0][0]) == "NEGATE"
    found = "".join(_characters(str(kind), value) for kind, value in items)
    if not negated:
        return found
    return "".join(each for each in _ANY if each not in found)


def _characters(kind: str, value: Any) -> str:
    if kind == "LITERAL":
        return chr(value)
    if kind == "RANGE":
        low, high = value
        return "".join(chr(code) for code in range(low, min(high, low + 200) + 1))
    classes = {"CATEGORY_DIGIT": string.digits, "CATEGORY_WORD": _WORD, "CATEGORY_SPACE": " "}
    return classes.get(str(value), _ANY if kind == "CATEGORY" else "")
