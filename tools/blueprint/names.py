"""Every spelling of a name, derived from its words.

A name is lower-case words in the singular, separated by single spaces ("discount code"). English morphology is
lemminflect's, from a dictionary, with its own rules for words that are not in it.
"""

from __future__ import annotations

import re
from functools import cache


def plural(name: str) -> str:
    """Words of the plural: "discount code" gives "discount codes"."""
    from lemminflect import getInflection  # noqa: PLC0415  0.2 s, needed by few commands

    head, _, last = name.rpartition(" ")
    forms = getInflection(last, tag="NNS")
    return f"{head} {forms[0] if forms else last + 's'}".strip()


@cache
def singular(name: str) -> str:
    """Words of the singular: "discount codes" gives "discount code"; a singular stays as it is."""
    from lemminflect import getLemma  # noqa: PLC0415  0.2 s, needed by few commands

    head, _, last = name.lower().rpartition(" ")
    forms = getLemma(last, upos="NOUN")
    return f"{head} {forms[0] if forms else last}".strip()


def snake(name: str) -> str:
    """`discount_code`."""
    return "_".join(_words(name))


def kebab(name: str) -> str:
    """`discount-code`."""
    return "-".join(_words(name))


def pascal(name: str) -> str:
    """`DiscountCode`."""
    return "".join(word[:1].upper() + word[1:] for word in _words(name))


def camel(name: str) -> str:
    """`discountCode`."""
    spelt = pascal(name)
    return spelt[:1].lower() + spelt[1:]


def collection_path(entity: str) -> str:
    """`/discount-codes`."""
    return f"/{kebab(plural(entity))}"


def _words(name: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9]+", name.lower())
