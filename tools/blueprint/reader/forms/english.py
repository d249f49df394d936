"""Checks that the words of a sentence can be used as a new name.

The grammar accepts any words in the position of a name. Words that change the meaning of a sentence ("no", "some",
"usually", "should", "they") must therefore be kept out of names. Closed word classes are listed here; adverbs and
verbs are looked up in a dictionary.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from itertools import pairwise

from tools.blueprint.model import CRUD
from tools.blueprint.names import parts_of_speech, singulars
from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.collisions import safe_name
from tools.blueprint.reader.grammar.phrases import Noun


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


PARTICLES = _set("in on out up off over back down away aside behind through around forward ahead")

_ARTICLES = _set("a an the")
_QUANTITIES = _set(
    "zero one two three four five six seven eight nine ten eleven twelve no none some any many much most more few "
    "fewer less least several all each every both either neither another only just even also half still already "
    "yet again"
)
_PRONOUNS = _set(
    "i you he she it we they me him her us them my your his its our their this that these those who whom whose "
    "which what someone somebody anyone anybody everyone everybody nobody something anything everything nothing"
)
_MODALS = _set(
    "can cannot could may might must shall should will would is are was were be been being am has have had does do "
    "did not never"
)
_CLAUSES = _set(
    "and or but nor if when while unless except because than as with without by from under before after since "
    "until during about between within against"
)
_WHICH = _set("new old existing first last other own same next previous current different certain such")
_HEDGES = _set(
    "usually sometimes often always never normally typically generally probably maybe perhaps mostly rarely"
)
_NOT_IN_FIELDS = _HEDGES | _set(
    "and or but nor if when while unless except because than can cannot could may might must shall should would it they"
)
_NEVER_IN_BARE_FIELDS = _PRONOUNS | _QUANTITIES | {"not", "never"}
"""Pronouns, quantities and negations, which may be part of a field name only if it has an article."""
_BETWEEN_NOUNS = _set("of for to in on at")
_NO_ROLES = _PRONOUNS | _QUANTITIES | _WHICH | _set("people role user")
_OPEN = "what no sentence restricts is open to everyone, so remove the sentence, or name a role"
_CLOSED = "to leave an operation out, list the others, such as 'Orders can be listed and read.'"
_UNNAMED = "a caller without a token has no role; " + _OPEN
_INSIDE = "every request comes from a caller; name the role of that caller, such as 'Only an admin can ...'"
_NOBODY_IN_PARTICULAR = (
    dict.fromkeys(("everyone", "everybody", "anyone", "anybody", "public", "all", "all users"), _OPEN)
    | dict.fromkeys(("nobody", "no one", "no-one", "none"), _CLOSED)
    | dict.fromkeys(("anonymous", "anonymous user", "anonymous users", "unauthenticated user"), _UNNAMED)
    | dict.fromkeys(("system", "service", "server", "application", "app", "api", "software"), _INSIDE)
)
"""Maps words that cannot be a role in a token to the reason and what to write instead."""
_NO_VERBS = _set("be have do get")


def entity_name(noun: Noun, known: Collection[str]) -> str:
    """Return the name of a new entity: the words as written after "a" or "each", otherwise their singular.

    `known` contains the names of the other entities. Raises Unclear if the words cannot be a name.
    """
    single = noun.article.lower() in ("a", "an", "each", "every")
    name = safe_name(noun.words)
    if not (single and " " not in name):
        _check_noun(name)
    name = name if single else singulars(name)[0]
    first, _, rest_of_it = name.partition(" ")
    if first in _WHICH and rest_of_it in known:
        raise Unclear(f"'{name}' selects one {rest_of_it}; state what holds for every {rest_of_it}")
    for other in known:
        rest = name.removeprefix(f"{other} ").split()
        if name.startswith(f"{other} ") and rest[0] in _BETWEEN_NOUNS and len(rest) > 1:
            raise Unclear(
                f"'{name}' cannot be a separate entity beside '{other}'; describe every {other}, or use another name"
            )
    return name


def field_name(noun: Noun, *, computed: bool = False) -> str:
    """Return the name of a new field. Raises Unclear if the words cannot be a name."""
    name = safe_name(noun.words)
    words = name.split()
    for before, word in pairwise(words):
        if word in _ARTICLES and (before not in _BETWEEN_NOUNS or before == words[0]):
            raise Unclear(f"'{name}' is not a field name")
    if len(words) > 1 and _NOT_IN_FIELDS.intersection(words):
        raise Unclear(f"'{name}' is not a field name; it contains more than a name")
    if computed:
        _check_noun(name)
    elif not noun.article and (not _NEVER_IN_BARE_FIELDS.isdisjoint(words) or _is_adverb(words[0])):
        raise Unclear(f"'{name}' is not a field name; if it is meant as one, write 'a {name}'")
    return name


def can_be_field(words: str) -> bool:
    """Return whether the words can be the name of a field, so that it makes sense to suggest adding it."""
    try:
        _check_noun(safe_name(words))
    except Unclear:
        return False
    return True


def role_words(noun: Noun) -> str:
    """Return the words that name a role. Raises Unclear if they cannot name one."""
    words = noun.words.lower().split()
    if why := _NOBODY_IN_PARTICULAR.get(" ".join(words)):
        raise Unclear(f"'{noun.words}' is not a role: {why}")
    if _NO_ROLES.intersection((words[0], words[-1], singulars(words[-1])[0])) or words[0].startswith("non-"):
        raise Unclear(f"'{noun.words}' is not a role; use the role's name, such as 'Only an admin can ...'")
    _check_noun(" ".join(words))
    return noun.words


def check_verb(verb: str, known: Collection[str], *, base_form: bool) -> None:
    """Raise Unclear if the words are not a single verb, or look like a misspelling of a known one."""
    if verb in known:
        return
    first, *rest = verb.split()
    first = first.split("-")[-1]
    tail = rest[next((at for at, word in enumerate(rest) if word not in PARTICLES), len(rest)) :]
    noun_after_particle = len(tail) == 1 < len(rest) and _can_be_noun(tail[0])
    if first in _NO_VERBS or (tail and not noun_after_particle) or (rest and first in CRUD):
        raise Unclear(f"'{verb}' is not a single verb; remove the extra words", aside=True)
    speech = parts_of_speech(first)
    if base_form and "VERB" not in speech:
        raise Unclear(f"unknown verb '{verb}'; first describe what it does", aside=True)
    close = get_close_matches(verb, known, n=1, cutoff=0.8) if not speech else []
    if close:
        raise Unclear(f"unknown verb '{verb}'; did you mean '{close[0]}'?")


def check_state(words: str, known: Collection[str]) -> None:
    """Raise Unclear if the words are more than a state name, as in "paid immediately" or "not draft"."""
    pieces = words.lower().split()
    last = pieces[-1]
    strange = [word for word in pieces if word in _HEDGES]
    dangling = _is_adverb(last) or last in _ARTICLES | _BETWEEN_NOUNS | _CLAUSES
    if len(pieces) > 1 and dangling and last not in PARTICLES:
        strange.append(last)
    if strange:
        raise Unclear(f"'{words}' is not a state name; remove '{strange[0]}'")
    if pieces[0] in ("not", "no") and "-".join(pieces[1:]) in {each.lower() for each in known}:
        raise Unclear(f"'{words}' only negates the state '{' '.join(pieces[1:])}'; use the name of a state")


def _check_noun(name: str) -> None:
    words = name.split()
    closed = _ARTICLES | _QUANTITIES | _PRONOUNS | _MODALS | _CLAUSES | _HEDGES
    strange = [word for word in words if word in closed and not (word == "do" and words[0] == "to")]
    strange += [word for word in words if _is_adverb(word) and word not in PARTICLES | _BETWEEN_NOUNS]
    if len(words) > 1 and words[-1] not in PARTICLES and not _can_be_noun(words[-1]):
        strange.append(words[-1])
    if strange:
        raise Unclear(
            f"'{name}' is not a valid name because of '{strange[0]}'; state what holds for all of them"
        )


def _is_adverb(word: str) -> bool:
    return set(parts_of_speech(word)) == {"ADV"}


def _can_be_noun(word: str) -> bool:
    """Return whether a word may be a noun: the dictionary lists it as a noun or verb, or does not contain it."""
    speech = parts_of_speech(word)
    return not speech or "NOUN" in speech or "VERB" in speech
