"""Preparing the author's original sentence for the grammar.

Quoted texts and regular expressions are extracted so that no later step interprets them. Names that contain keywords
of the grammar ("in stock", "date of birth", "number") are joined by `JOIN` and treated as one word from then on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, product

from tools.blueprint.reader.choices import Unclear

LONGEST = 2_000
"""Maximum length of a sentence in characters."""
MOST_WORDS = 100
"""Maximum number of words in a sentence, excluding those in brackets."""
MOST_OPEN = 4
"""Maximum number of ambiguous names for which every combination of readings (name or keywords) is tried."""
JOIN = "\N{MIDDLE DOT}"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[ -][A-Za-z0-9]+)*")
"""Letters, digits, spaces and hyphens; excludes characters with a special meaning in paths or templates."""

_APOSTROPHES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u00d7": "*", JOIN: " "})
# Straight, curly, German and French quotation marks.
_QUOTED = re.compile(
    r"""(?<!\w)"([^"]*)"|\u201c([^\u201d]*)\u201d|\u201e([^\u201c\u201d]*)[\u201c\u201d]|\u00ab([^\u00bb]*)\u00bb|\u2018([^\u2019]*)\u2019(?!\w)|(?<![\w'])'([^']*)'(?!\w)"""
)
# The last alternative matches invalid expressions, which are rejected later with an explanation.
_PATTERN = re.compile(
    r"(?<=matching)\s+/(?:((?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\[])+)|([^/]+))/(?=\s|[,;)]|$)", re.IGNORECASE
)
_ARTICLE = re.compile(r"\s*(?:(?:an?|the|its|one)\s+)?", re.I)
_ASKS = re.compile(r"\b(?:requires?|needs?|takes?)\b:?", re.I)
_HAS = re.compile(r"\b(?:has|(?:must\s+)?have)\b(?:\s+(?:also|now)\b)?:?", re.I)
_DOES = re.compile(r"\w+ing\b(?!\s+(?:also\s+)?(?:has|have)\b)", re.I)
_SEPARATOR = re.compile(r"[,;:)]|\band\b", re.I)
_SUBJECT = re.compile(
    r"(?:(?:an?|the|each|every|any|all)\s+)?(.+?)(?:'s|')?\s+(?:has|have|also|can|may|belongs?|starts?|goes|go|is)\b",
    re.IGNORECASE,
)
_IS = re.compile(r"\b(it|that|which|who)'s(?!\w)", re.I)
_NOT = re.compile(r"\b(is|are|can)n?'t(?!\w)", re.I)
_BRACKETS = re.compile(r"\([^()]*\)")
_VERB_FIRST = re.compile(r"(?:is|are|has|have)\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"([\"/])(\d{1,4})\1")
_SECOND_SENTENCE = re.compile(r"[.!?]\s+\w")


@dataclass(frozen=True)
class Text:
    """A sentence that has been prepared for the grammar."""

    words: str
    """The sentence in its original letter case, without the extracted texts and the full stop."""
    quoted: tuple[str, ...] = ()
    """The extracted texts and regular expressions; placeholders such as `"0"` and `/1/` in `words` refer to them."""


def prepare(sentence: str) -> Text:
    """Extract quoted texts and regular expressions, and join the words of each name before a bracket.

    Raises Unclear if the text cannot be a sentence of any form.
    """
    if len(sentence) > LONGEST:
        raise Unclear(
            f"needs a model: it is longer than {LONGEST:,} characters; split it into several criteria"
        )
    quoted: list[str] = []

    def aside(match: re.Match[str], mark: str) -> str:
        quoted.append(next(group for group in match.groups() if group is not None))
        return f" {mark}{len(quoted) - 1}{mark} "

    unquoted = _QUOTED.sub(
        lambda match: aside(match, '"'), _PATTERN.sub(lambda match: aside(match, "/"), sentence)
    )
    words = " ".join(unquoted.translate(_APOSTROPHES).split()).rstrip(" .!")
    words = _IS.sub(r"\1 is", _NOT.sub(r"\1 not", words))
    if not words:
        raise Unclear("it is empty")
    if len(_BRACKETS.sub(" ", words).split()) > MOST_WORDS:
        raise Unclear(f"needs a model: it has more than {MOST_WORDS} words; split it into several criteria")
    if _SECOND_SENTENCE.search(words):
        raise Unclear("needs a model: it contains two sentences; make each a criterion of its own")
    try:
        return Text(_join_before_brackets(words), tuple(quoted))
    except Unclear as reason:
        raise Unclear(restored(str(reason), quoted)) from reason


def restored(message: str, quoted: Sequence[str]) -> str:
    """Return a message in which the extracted texts, exactly as the author wrote them, replace their placeholders."""
    return _PLACEHOLDER.sub(
        lambda match: (
            f"{match[1]}{quoted[int(match[2])]}{match[1]}" if int(match[2]) < len(quoted) else match[0]
        ),
        message,
    )


def join_names(text: Text, names: Iterable[str]) -> Iterator[Text]:
    """Yield variants of the text, first with each of these names joined into one word, then with fewer joined.

    Single words and names that start with a verb ("is active") vary independently of each other if there are at most
    `MOST_OPEN` of them; the other names of several words are either all joined or all left as they are.
    """
    longest_first = sorted({name for name in names if name}, key=len, reverse=True)
    if not longest_first:
        yield text
        return
    any_name = "|".join(map(re.escape, longest_first))
    found = list(re.finditer(rf"(?<![\w\"/{JOIN}-])(?:{any_name})(?![\w{JOIN}-])", text.words, re.IGNORECASE))
    single = [match.start() for match in found if " " not in match[0] or _VERB_FIRST.match(match[0])]
    several = [match.start() for match in found if match.start() not in single]
    each_open = (
        product((True, False), repeat=len(single)) if len(single) <= MOST_OPEN else ((True,), (False,))
    )
    for chosen, together in product(each_open, (True, False) if several else (True,)):
        places = (
            {start for start, join in zip(single, cycle(chosen), strict=False) if join} if single else set()
        )
        yield _with_joined(text, found, places.union(several) if together else places)


def _with_joined(text: Text, found: Iterable[re.Match[str]], places: Collection[int]) -> Text:
    pieces, end = [], 0
    for match in found:
        name = as_one_word(match[0]) if match.start() in places else match[0]
        pieces += [text.words[end : match.start()], name]
        end = match.end()
    return Text("".join(pieces) + text.words[end:], text.quoted)


def join_subject(text: Text) -> Text:
    """Join the words before the first verb into one name, even if they are keywords of the grammar."""
    match = _SUBJECT.match(text.words)
    if match is None or len(match[1].split()) > 4:
        return text
    return Text(
        text.words[: match.start(1)] + as_one_word(match[1]) + text.words[match.end(1) :], text.quoted
    )


def as_one_word(name: str) -> str:
    """Join the words of a name; the trailing mark distinguishes a single word from a keyword of the grammar."""
    return name.replace(" ", JOIN) + JOIN


def _join_before_brackets(words: str) -> str:
    """Join each name that precedes a bracket, since brackets always contain a field's type and constraints."""
    pieces, end, depth = [], 0, 0
    for bracket in re.finditer(r"[()]", words):
        depth += 1 if bracket[0] == "(" else -1
        if bracket[0] == ")" or depth != 1:
            continue
        start = _name_start(words[: bracket.start()], first=not end)
        name = words[start : bracket.start()].rstrip()
        if not NAME.fullmatch(name):
            raise Unclear(
                f"'{name[:40]}' is not a valid name; names consist of letters, digits, spaces and hyphens"
            )
        pieces += [words[end:start], as_one_word(name)]
        end = start + len(name)
    return "".join(pieces) + words[end:]


def _name_start(before: str, *, first: bool) -> int:
    """Return the start index of the name at the end of the text: after the last separator, or else after the verb."""
    verb = (_ASKS if _DOES.match(before) else _HAS).search(before) if first else None
    separators = list(_SEPARATOR.finditer(before, verb.end() if verb else 0))
    start = separators[-1].end() if separators else verb.end() if verb else 0
    article = _ARTICLE.match(before, start)
    return article.end() if article else start
