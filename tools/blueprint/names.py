"""Derivation of every spelling of a name from its words.

A name consists of lower-case words in the singular, separated by single spaces ("discount code"). Words are inflected
by lemminflect, which uses a dictionary, and rules for words that the dictionary lacks. If a spelling can come from
several words, all candidates are returned, the likeliest first; callers choose among the names they know.
"""

from __future__ import annotations

import re
from functools import cache
from types import ModuleType

# Words that the dictionary lacks or lists with a rarer form first.
_PLURALS = {"person": "people"}
_VERBS = {
    form: base
    for base in ("sync", "resync", "unsync")
    for form in (base, f"{base}s", f"{base}ed", f"{base}ing")
}


@cache
def plural(name: str) -> str:
    """Return the plural of a name: "discount code" gives "discount codes", "point of sale" gives "points of sale"."""
    head, noun, tail = _split(name)
    return f"{head}{_plurals(noun)[0]}{tail}"


@cache
def singulars(name: str) -> tuple[str, ...]:
    """Return the singulars of a name, likeliest first: "discount codes" and "discount code" give "discount code"."""
    head, noun, tail = _split(name.lower())
    return tuple(f"{head}{each}{tail}" for each in _singulars(noun))


@cache
def verb_bases(phrase: str) -> tuple[str, ...]:
    """Return the base forms of a phrase that starts with a participle or -ing form: "checked in" gives ("check in",).

    The result is empty if the first word is neither.
    """
    first, space, rest = phrase.lower().partition(" ")
    if found := _bases(first):
        return tuple(f"{each}{space}{rest}" for each in found)
    stem, hyphen, word = first.rpartition("-")
    if found := _bases(word) if hyphen else ():
        return tuple(f"{stem}-{each}{space}{rest}" for each in found)
    word, hyphen, particle = first.partition("-")
    return tuple(f"{each} {particle}{space}{rest}" for each in _bases(word)) if hyphen else ()


@cache
def gerund(verb: str) -> str:
    """Return the -ing form of a verb: "check in" gives "checking in"."""
    return _inflect(verb, "VBG")


@cache
def participle(verb: str) -> str:
    """Return the past participle of a verb: "check in" gives "checked in"."""
    return _inflect(verb, "VBN")


@cache
def parts_of_speech(word: str) -> tuple[str, ...]:
    """Return a word's parts of speech, of "NOUN", "VERB", "ADJ", "ADV", "AUX" and "PROPN"; empty for unknown words."""
    return tuple(_english().getAllLemmas(word.lower()))


def snake(name: str) -> str:
    """Return the name in snake case, such as `discount_code`."""
    return "_".join(_words(name))


def kebab(name: str) -> str:
    """Return the name in kebab case, such as `discount-code`."""
    return "-".join(_words(name))


def pascal(name: str) -> str:
    """Return the name in Pascal case, such as `DiscountCode`."""
    return "".join(word[:1].upper() + word[1:] for word in _words(name))


def camel(name: str) -> str:
    """Return the name in camel case, such as `discountCode`."""
    spelt = pascal(name)
    return spelt[:1].lower() + spelt[1:]


def collection_path(entity: str) -> str:
    """Return the path of an entity's collection, such as `/discount-codes`."""
    return f"/{kebab(plural(entity))}"


def _english() -> ModuleType:
    import lemminflect  # type: ignore[import-untyped]  # noqa: PLC0415  0.2 s, needed by few commands

    return lemminflect  # type: ignore[no-any-return]


def _words(name: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9]+", name.lower())


def _split(name: str) -> tuple[str, str, str]:
    """Split a name around its noun: ("discount ", "code", ""), ("", "point", " of sale")."""
    front, of, back = name.partition(" of ")
    head, space, noun = front.rpartition(" ")
    return head + space, noun, of + back


def _plurals(noun: str) -> tuple[str, ...]:
    """Return the plurals of a noun; the noun itself only if it has no other ("series")."""
    known = (_PLURALS[noun],) if noun in _PLURALS else ()
    found = (*known, *_inflected(noun, "NNS")) or (f"{noun}s",)
    return tuple(each for each in dict.fromkeys(found) if each != noun) or (noun,)


@cache
def _singulars(noun: str) -> tuple[str, ...]:
    irregular = tuple(one for one, many in _PLURALS.items() if many == noun)
    found = [
        each for each in _english().getLemma(noun, upos="NOUN") if each == noun or noun in _plurals(each)
    ]
    if found == [noun] and re.fullmatch(r"\w{2,}[^s\W]s", noun) and noun in _plurals(noun[:-1]):
        found.insert(1 if parts_of_speech(noun) else 0, noun[:-1])
    return tuple(dict.fromkeys((*irregular, *found))) or (noun,)


def _bases(word: str) -> tuple[str, ...]:
    """Return the verbs of which the word is a past form, participle or -ing form."""
    if word in _VERBS:
        return (_VERBS[word],)
    bases = _english().getLemma(word, upos="VERB")
    # The dictionary lacks the participles of many regular verbs.
    found = [each for each in bases if word in _inflected(each, "VBG", "VBN", "VBD")]
    if not found and re.fullmatch(r"\w{3,}(ed|ing)", word) and not _english().getAllLemmas(word):
        found = [each for each in bases if each != word]
    return tuple(found)


def _inflect(verb: str, tag: str) -> str:
    first, space, rest = verb.partition(" ")
    stem, hyphen, word = first.rpartition("-")
    spelt, *others = _inflected(word, tag) or (word,)
    british = [each for each in others if each != spelt and each.replace("ll", "l") == spelt]
    return f"{stem}{hyphen}{(british or [spelt])[0]}{space}{rest}"


def _inflected(word: str, *tags: str) -> tuple[str, ...]:
    """Return the forms of the word for the Penn Treebank tags."""
    if word in _VERBS and "NNS" not in tags:
        return tuple(f"{word}ing" if tag == "VBG" else f"{word}ed" for tag in tags)
    return tuple(form for tag in tags for form in _english().getInflection(word, tag=tag) or ())
