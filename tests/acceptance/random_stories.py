"""Random stories in the sentence forms, with limits and rules as tight as people might write them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

ENTITIES = ("order", "line item", "book", "delivery van", "class")
FIELDS = ("name", "total", "due date", "code", "quantity", "price", "from", "note")
_NUMERIC = ("integer", "number", "money")
_OTHERS = (
    "text",
    "text",
    "boolean",
    "date",
    "timestamp",
    "email",
    "url",
    "uuid",
    "one of small, medium or large",
)
_TYPES = (*_NUMERIC, *_NUMERIC, *_OTHERS)
_PATTERNS = (
    "[A-Z]{3}",
    "[A-Z]{2}-[0-9]{4}",
    "[a-c]",
    "[A-Z][a-z]*",
    "(north|south|east|west)",
    r"\d{2,5}",
    "x+y?",
)


@dataclass(frozen=True)
class _Field:
    name: str
    type: str
    text: str


@st.composite
def stories(draw: DrawFn) -> tuple[str, ...]:
    """Draw the criteria of a story about one or two kinds of resources."""
    names = draw(st.lists(st.sampled_from(ENTITIES), min_size=1, max_size=2, unique=True))
    kinds = {name: draw(_fields()) for name in names}
    criteria = [f"{_a(name)} has {each.text}." for name in names for each in kinds[name]]
    if len(names) == 2 and draw(st.integers(0, 3)):
        criteria.append(f"{_a(names[1])} belongs to {_a(names[0], capital=False)}.")
        criteria += draw(_computed(names[0], names[1], kinds[names[1]]))
    for name in names:
        criteria += draw(_operations(name))
        criteria += draw(_lists(name, kinds[name]))
        criteria += draw(_states(name))
        criteria += draw(_rules(name, kinds[name]))
    return tuple(criteria)


@st.composite
def _fields(draw: DrawFn) -> list[_Field]:
    names = draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3, unique=True))
    return [draw(_field(name)) for name in names]


@st.composite
def _field(draw: DrawFn, name: str) -> _Field:
    kind = draw(st.sampled_from(_TYPES))
    parts = [kind]
    if kind in _NUMERIC:
        parts += draw(_bounds(kind))
    elif kind in ("text", "email", "url"):
        parts += draw(_lengths())
    if kind == "text" and draw(st.integers(0, 2)) == 0:
        parts.append(f"matching /{draw(st.sampled_from(_PATTERNS))}/")
    flag = draw(st.sampled_from(("", "", "unique", "optional", "unique, optional", "default")))
    if flag == "default":
        value = _default(kind)
        parts += [f"default {value}"] if value else []
    elif flag:
        parts.append(flag)
    return _Field(name, kind, f"{_a(name, capital=False)} ({', '.join(parts)})")


@st.composite
def _bounds(draw: DrawFn, kind: str) -> list[str]:
    low = draw(st.sampled_from((0, 1, -5, 10, 100)))
    width = draw(st.sampled_from((0, 1, 4, 11, 50, 100_000)))
    if kind == "money" and draw(st.booleans()):
        return [f"0.01 to {draw(st.sampled_from(('0.05', '0.50', '19.99')))}"]
    high = low + width
    forms = ([], [f"at least {low}"], [f"at most {high}"], [f"{low} to {high}"])
    return draw(st.sampled_from(forms))


@st.composite
def _lengths(draw: DrawFn) -> list[str]:
    low = draw(st.sampled_from((1, 2, 5, 30)))
    high = low + draw(st.sampled_from((0, 1, 3, 40)))
    forms = (
        [],
        [],
        [f"up to {high} characters"],
        [f"{low} to {high} characters"],
        [f"at least {low} characters"],
    )
    return draw(st.sampled_from(forms))


def _default(kind: str) -> str:
    values = {
        "integer": "12",
        "number": "0.5",
        "money": "0",
        "boolean": "false",
        "text": '"abc"',
        "date": "2030-01-31",
    }
    return values.get(kind, "medium" if kind.startswith("one of") else "")


@st.composite
def _operations(draw: DrawFn, name: str) -> list[str]:
    verbs = ("created", "listed", "read", "updated", "deleted")
    usual = draw(st.integers(0, 2))
    offered = [
        verb for verb in verbs if draw(st.booleans()) or (verb == "created" and draw(st.integers(0, 3)))
    ]
    found = [f"{_many(name)} can be {_listed(offered)}."] if usual == 0 and offered else []
    if draw(st.integers(0, 4)) == 0:
        verb = draw(st.sampled_from(("create", "read", "update", "delete", "list")))
        role = draw(st.sampled_from(("an admin", "a clerk")))
        found.append(f"Only {role} can {verb} {_many(name, capital=False)}.")
    return found


@st.composite
def _lists(draw: DrawFn, name: str, fields: list[_Field]) -> list[str]:
    found = []
    chosen = draw(st.lists(st.sampled_from([each.name for each in fields]), max_size=2, unique=True))
    if chosen and draw(st.integers(0, 2)) == 0:
        found.append(f"{_many(name)} can be filtered by {_listed(chosen)}.")
    if chosen and draw(st.integers(0, 2)) == 0:
        found.append(f"{_many(name)} can be sorted by {_listed(chosen)}.")
    return found


@st.composite
def _states(draw: DrawFn, name: str) -> list[str]:
    if draw(st.integers(0, 2)):
        return []
    thing = _a(name)
    found = [
        f"{thing} starts as draft.",
        f"{thing} goes from draft to approved when it is approved.",
        f"{thing} goes from approved to closed when it is closed.",
        f"{thing} goes from draft to closed when it is closed.",
    ]
    found = found[: draw(st.integers(2, 4))]
    if draw(st.booleans()):
        found.append(f"Approving {_a(name, capital=False)} requires a reference (text, 2 to 9 characters).")
    if draw(st.booleans()):
        verb = draw(st.sampled_from(("Deleting", "Updating")))
        found.append(f"{verb} {_a(name, capital=False)} that is approved is rejected with 409.")
    return found


@st.composite
def _rules(draw: DrawFn, name: str, fields: list[_Field]) -> list[str]:
    found, thing = [], _a(name, capital=False)
    for each in fields:
        verb = draw(st.sampled_from(("Creating", "Updating", "Deleting", "Checking")))
        if draw(st.integers(0, 2)):
            continue
        if each.type in _NUMERIC:
            word = draw(st.sampled_from(("over", "under", "at least", "at most")))
            limit = draw(st.sampled_from((0, 1, 10, 11, 50)))
            found.append(
                f"{verb} {thing} with {_a(each.name, capital=False)} {word} {limit} is rejected with 422."
            )
            if draw(st.booleans()):
                change = draw(st.sampled_from(("reduces", "increases")))
                amount = draw(st.sampled_from(("1", "5", "10%")))
                found.append(
                    f"{draw(st.sampled_from(('Checking', 'Creating', 'Approving')))} {thing} "
                    f"{change} its {each.name} by {amount}."
                )
        elif each.type == "boolean":
            found.append(f"{verb} {thing} that is not {each.name} is rejected with 409.")
        else:
            found.append(f"{verb} {thing} with a missing {each.name} is rejected with 422.")
    if draw(st.integers(0, 3)) == 0:
        times = draw(st.integers(1, 3))
        found.append(
            f"{_a(name)} can be {draw(st.sampled_from(('checked', 'approved')))} at most {times} times."
        )
    return found


@st.composite
def _computed(draw: DrawFn, parent: str, child: str, fields: list[_Field]) -> list[str]:
    found = []
    numeric = [each.name for each in fields if each.type in _NUMERIC]
    if draw(st.integers(0, 2)) == 0:
        found.append(f"{_a(parent)}'s size is the number of its {_many(child, capital=False)}.")
    if numeric and draw(st.booleans()):
        factors = " times ".join(
            draw(st.lists(st.sampled_from(numeric), min_size=1, max_size=2, unique=True))
        )
        found.append(f"{_a(parent)}'s sum is the sum of its {_many(child, capital=False)}' {factors}.")
    if draw(st.integers(0, 3)) == 0:
        rule = draw(
            st.sampled_from(
                (
                    f"with more than 2 {_many(child, capital=False)}",
                    f"that has no {_many(child, capital=False)}",
                )
            )
        )
        found.append(f"Deleting {_a(parent, capital=False)} {rule} is rejected with 409.")
    return found


def _a(noun: str, *, capital: bool = True) -> str:
    article = "an" if noun[0] in "aeiou" else "a"
    return f"{article.capitalize() if capital else article} {noun}"


def _many(noun: str, *, capital: bool = True) -> str:
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return plural.capitalize() if capital else plural


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
