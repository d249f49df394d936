"""Find the checks that tests lose between two versions: pure functions over inventories of test files."""

from __future__ import annotations

import ast
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.python_source import last_name
from tools.test_integrity.assertions import Check
from tools.test_integrity.inventory import Mark, Part, is_collected
from tools.test_integrity.normal_form import SKIPPING

Place = tuple[str, str]
"""Path of a file and qualified name of a definition in it."""

_HARMLESS = ("usefixtures", "given", "example", "settings", "filterwarnings", "timeout", "inherits")
"""Decorators that may be added without weakening a test."""
_NEEDED = ("usefixtures", "asyncio", "anyio", "trio", "django_db")
"""Marks that a test needs to run fully. Other marks only affect selection."""
_BUILT_IN = frozenset({
    "tmp_path", "tmpdir", "tmp_path_factory", "monkeypatch", "capsys", "capfd", "caplog", "request", "recwarn",
})  # fmt: skip
_COMPARING: dict[str, Callable[[Any, Any], object]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "is": lambda a, b: a is b, "is not": lambda a, b: a is not b,
    "in": lambda a, b: a in b, "not in": lambda a, b: a not in b,
    "": lambda a, _: bool(a), "not": lambda a, _: not a,
}  # fmt: skip
_TOLERANCES = {"rel": 1e-6, "abs": 1e-12}
"""Defaults of `pytest.approx`."""
_LONGEST = 120
"""Maximum length of quoted test code, in characters."""


@dataclass(frozen=True)
class Loss:
    """One way in which a test, fixture, helper or test value became weaker."""

    place: Place
    """Location of the definition in the old version."""
    path: str
    line: int
    """Line number in the new version, or in the old one if the definition was removed."""
    name: str
    what: str
    """Predicate of a sentence whose subject is the name."""


def losses(old: Mapping[Place, Part], new: Mapping[Place, Part]) -> list[Loss]:
    """Return the losses from the old version to the new one. Moving a test to another file or class is not a loss."""
    arrived = {place: part for place, part in new.items() if place not in old}
    lost = []
    for place, part in old.items():
        now = place if place in new else _moved(place, part, arrived)
        if now is None or (part.kind == "test" and not _runs(now, new[now], old)):
            if gone := _gone(place, part, new, arrived):
                lost.append(gone)
            continue
        path, name = now
        lost += [Loss(place, path, line, name, what) for line, what in _weaker(part, new[now])]
    for place, part in new.items():
        if place not in old and part.is_autouse and not any(each == place[1] for _, each in old):
            lost.append(
                Loss(place, *place[:1], part.line, place[1], "is newly applied to every test (autouse)")
            )
    return lost


def sentences(found: Sequence[Loss]) -> list[str]:
    """Return one sentence per loss, merging those that several tests of a file share."""
    alike: dict[tuple[str, ...], list[Loss]] = {}
    for each in found:
        own = () if each.what.startswith("is ") else (each.name, str(each.line))
        alike.setdefault((each.path, each.what, *own), []).append(each)
    said = []
    for (path, what, *_), group in alike.items():
        names = ", ".join(each.name for each in group[:3])
        if len(group) > 1:
            what = f"are {what.removeprefix('is ')}"
            names += f" and {len(group) - 3} more" if len(group) > 3 else ""
        said.append(f"{path}:{min(each.line for each in group)}: {names} {what}.")
    return said


def _runs(place: Place, part: Part, old: Mapping[Place, Part]) -> bool:
    return part.kind == "test" and (is_collected(place[0]) or any(path == place[0] for path, _ in old))


def _moved(place: Place, part: Part, arrived: Mapping[Place, Part]) -> Place | None:
    """Return the new place of a definition with the same name that keeps at least one of its checks."""
    last = place[1].rpartition("::")[2]
    found: list[tuple[int, Place]] = []
    for each, now in arrived.items():
        if each[1].rpartition("::")[2] == last and now.kind == part.kind:
            wanted, there = _wanted(part, now)
            kept = [one for one in wanted if _instead(one, there)[0]]
            if kept or not wanted:
                found.append((-len(kept), each))
    return min(found)[1] if found else None


def _gone(place: Place, part: Part, new: Mapping[Place, Part], arrived: Mapping[Place, Part]) -> Loss | None:
    """Return the loss if a test, an autouse fixture or a function with assertions was removed."""
    path, name = place
    line = new[place].line if place in new else part.line
    if part.kind == "test":
        return Loss(place, path, line, name, _end(place, part, new, arrived))
    if part.is_autouse:
        return Loss(place, path, line, name, "is removed, although every test used it")
    return Loss(place, path, line, name, "is removed, including its assertions") if part.body.checks else None


def _end(place: Place, part: Part, new: Mapping[Place, Part], arrived: Mapping[Place, Part]) -> str:
    if place in new:
        return "is no longer collected by pytest"
    checks = {each.form for each in (*part.body.checks, *part.body.steps)}
    for (path, name), other in arrived.items():
        if checks and checks <= {each.form for each in (*other.body.checks, *other.body.steps)}:
            return f"is removed; {name} in {path} makes the same checks"
    return "is removed"


def _weaker(old: Part, new: Part) -> Iterator[tuple[int, str]]:
    """Yield the line and description of each loss within a definition."""
    if old.kind == "import" and (new.kind, new.rows) != (old.kind, old.rows):
        yield new.line, f"is no longer the imported `{old.rows[0]}`"
        return
    if old.kind == "fixture" and new.rows != old.rows:
        yield new.line, "has different code now, and tests depend on this fixture"
    yield from _checks(*_wanted(old, new), new.line)
    if old.kind != "fixture":
        yield from _rows(old, new)
    if old.is_autouse and not new.is_autouse:
        yield new.line, "is no longer applied to every test (autouse)"
    if old.kind == "test":
        yield from _marks(old.marks, new)
        named = " ".join(each.text for each in new.marks if each.name == "usefixtures")
        if not any(each.name in ("given", "patch") for each in old.marks):
            for each in sorted(old.needs - new.needs - _BUILT_IN):
                if each not in named:
                    yield new.line, f"is no longer given the fixture `{each}`"


def _wanted(old: Part, new: Part) -> tuple[Sequence[Check], list[Check]]:
    """Return the old checks and the new ones that may correspond to them."""
    if old.body.checks or old.kind != "test":
        return old.body.checks, [*new.body.checks]
    return old.body.steps, [*new.body.checks, *new.body.steps]


def _rows(old: Part, new: Part) -> Iterator[tuple[int, str]]:
    left = [*(Counter(old.rows) - Counter(new.rows)).elements()]
    if not left:
        return
    if old.kind == "value" and len(old.rows) == len(new.rows) == 1:
        yield new.line, f"is now `{_short(new.rows[0])}` instead of `{_short(old.rows[0])}`"
        return
    yield new.line, f"no longer {'contains' if old.kind == 'value' else 'runs with'} {_listed(left)}"


def _marks(before: Sequence[Mark], new: Part) -> Iterator[tuple[int, str]]:
    old = Counter(each.text for each in before)
    now = Counter(each.text for each in new.marks)
    removed = {each.name: each for each in before if old[each.text] > now[each.text]}
    for each in new.marks:
        if now[each.text] <= old[each.text]:
            continue
        if each.name in SKIPPING or (each.name in removed and each.name in ("given", "example", "settings")):
            effect = "skipped or allowed to fail" if each.name in SKIPPING else "run differently"
            was = f", previously `{_short(removed[each.name].text)}`" if each.name in removed else ""
            yield each.line, f"is now {effect}: `{_short(each.text)}`{was}"
        elif each.name not in _HARMLESS:
            yield (
                each.line,
                f"is now marked `{_short(each.text)}`, which can change whether or how it runs",
            )
    added = {each.name for each in new.marks if now[each.text] > old[each.text]}
    for name, mark in removed.items():
        is_needed = name in _NEEDED if ".mark." in f".{mark.text}" else name not in (*SKIPPING, "parametrize")
        if is_needed and name not in added - {"usefixtures", "inherits"}:
            yield new.line, f"is no longer marked `{_short(mark.text)}`"


def _checks(wanted: Sequence[Check], there: list[Check], line: int) -> Iterator[tuple[int, str]]:
    left = [*there]
    missing = []
    for each in wanted:
        same = next((one for one in left if one.form == each.form and not _conditions(each, one)), None)
        if same is None:
            missing.append(each)
        else:
            left.remove(same)
    said: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for each in missing:
        instead, before, after = _instead(each, left)
        if instead is not None:
            left.remove(instead)
        if before:
            said.setdefault((before, after), []).append((instead.line if instead else line, each.text))
    for (before, after), group in said.items():
        yield group[0][0], f"{before} {_listed([text for _, text in group])}{after}"


def _instead(old: Check, left: Sequence[Check]) -> tuple[Check | None, str, str]:
    """Return the check that replaced `old`, and the text before and after `old` in the sentence about the loss.

    The check is None if nothing replaced `old`; the texts are "" if nothing is lost.
    """
    for each in left:
        if each.form == old.form or (each.subject == old.subject and _implies(each, old)):
            more = ", ".join(_conditions(old, each))
            return each, *(("now checks", f" only conditionally: {more}") if more else ("", ""))
    for each in left:
        if old.form in each.alternatives:
            return each, f"accepts more: `{_short(each.text)}` instead of", ""
    for each in left:
        if each.subject == old.subject and each.shape != old.shape:
            return each, f"{_manner(old, each)}: `{_short(each.text)}` instead of", ""
    for each in left:
        if each.shape == old.shape:
            return each, "checks", " on a different value or code than before"
    return None, "no longer checks", ""


def _conditions(old: Check, new: Check) -> list[str]:
    """Return the conditions that the new check adds to the old one."""
    before = {each.form for each in old.guards}
    return [_short(each.text) for each in new.guards if each.form not in before]


def _manner(old: Check, new: Check) -> str:
    if old.operator == new.operator:
        return "expects a different result"
    return "makes a weaker comparison" if old.operator in ("==", "is") else "makes a different comparison"


def _implies(new: Check, old: Check) -> bool:
    """Return whether a new check of the same subject is at least as strict as the old one."""
    if (new.operator, new.expected) == (old.operator, old.expected) and old.expected:
        return new.shape != old.shape  # operands swapped
    if new.operator not in ("==", "is"):
        return False
    if old.operator == new.operator and _is_tighter(new.expected, old.expected):
        return True
    try:
        pinned = ast.literal_eval(new.expected)
        wanted = None if old.operator in ("", "not") else ast.literal_eval(old.expected)
        return old.operator in _COMPARING and bool(_COMPARING[old.operator](pinned, wanted))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return False


def _is_tighter(new: str, old: str) -> bool:
    """Return whether both checks expect the same value, and the new one does so within at most the old tolerance."""
    try:
        (value, *now), (expected, *before) = _tolerance(new), _tolerance(old)
    except (ValueError, SyntaxError, TypeError):
        return False
    return value == expected and all(float(a) <= float(b) for a, b in zip(now, before, strict=True))


def _tolerance(text: str) -> tuple[str, float, float]:
    """Return the expected value and its relative and absolute tolerance."""
    node = ast.parse(text, mode="eval").body
    if not isinstance(node, ast.Call) or last_name(node) != "approx" or len(node.args) != 1:
        return text, 0.0, 0.0
    given = {
        str(each.arg): float(ast.literal_eval(each.value))
        for each in node.keywords
        if each.arg in _TOLERANCES
    }
    relative = 0.0 if "abs" in given else _TOLERANCES["rel"]
    return ast.unparse(node.args[0]), given.get("rel", relative), given.get("abs", _TOLERANCES["abs"])


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return ", ".join(f"`{_short(each)}`" for each in texts[:3]) + more


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
